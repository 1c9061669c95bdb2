import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { type Digest, parseDigest } from '../../../image/digest.ts';
import type { RegistryError } from '../../../ports/registry-error.ts';
import { requestError } from './response-error.ts';

/** True for every status of success; 201 is the specified one. */
export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** The error of an answer that names another digest. It counts unless the registry has the content. */
export function otherDigestError(
  request: HttpRequest,
  { headers }: HttpResponse,
  digest: Digest,
): RegistryError | undefined {
  const stored = headers['docker-content-digest'];
  if (stored === undefined || stored === digest) return undefined;
  const named = parseDigest(stored);
  const message =
    named === undefined
      ? 'its Docker-Content-Digest is not a digest' // foreign text is not repeated
      : `the registry stored ${named}, not ${digest}`;
  return requestError(request, 'mismatch', message);
}

/** The error of a write with an answer of success, but without the content in the registry. */
export function notStored(request: HttpRequest, { status }: HttpResponse, why: string): RegistryError {
  return requestError(request, 'unexpected', `answered ${status}, but ${why}`, { status });
}
