import { quote } from '../../base/text.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';

/** The failure that an answer to a PUT means which names another digest, unless the registry has what was sent. */
export function doubtOf(
  request: HttpRequest,
  { headers }: HttpResponse,
  digest: Digest,
): RegistryError | undefined {
  const stored = headers['docker-content-digest'];
  if (stored === undefined || stored === digest) return undefined;
  const what = `the registry stored ${parseDigest(stored) ?? quote(stored)}, not ${digest}`;
  return new RegistryError('mismatch', `${describeRequest(request)}: ${what}`);
}
