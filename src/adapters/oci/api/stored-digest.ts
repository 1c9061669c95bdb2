import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { type Digest, parseDigest } from '../../../image/digest.ts';
import { RegistryError } from '../../../ports/registry-error.ts';

/** True for the answers to a write that say it was done, in whatever way. */
export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** True where an answer says that it stored this digest. */
export function namesDigest({ headers }: HttpResponse, digest: Digest): boolean {
  return headers['docker-content-digest'] === digest;
}

/** The failure that an answer to a PUT means which names another digest, unless the registry has what was sent. */
export function doubtOf(
  request: HttpRequest,
  { headers }: HttpResponse,
  digest: Digest,
): RegistryError | undefined {
  const stored = headers['docker-content-digest'];
  if (stored === undefined || stored === digest) return undefined;
  const named = parseDigest(stored);
  const what =
    named === undefined
      ? 'its Docker-Content-Digest is not a digest' // whatever that is instead is not repeated
      : `the registry stored ${named}, not ${digest}`;
  return new RegistryError('mismatch', `${describeRequest(request)}: ${what}`);
}

/** The failure of a write whose answer is a success, though what was written is not there. */
export function notStored(request: HttpRequest, { status }: HttpResponse, what: string): RegistryError {
  const message = `${describeRequest(request)}: answered ${status}, but ${what}`;
  return new RegistryError('unexpected', message, { status });
}
