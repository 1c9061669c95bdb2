import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BlobBody } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';
import { readRequest, type Session } from './session.ts';
import { verifiedBytes, verifiedStream } from './verified-stream.ts';

/** HEAD `/v2/<name>/blobs/<digest>`. */
export async function hasBlob(
  session: Session,
  { repository, digest, signal }: { repository: Repository; digest: Digest; signal: AbortSignal },
): Promise<boolean> {
  const request = readRequest(session, repository, { method: 'HEAD', path: `blobs/${digest}`, signal });
  const response = await session.send(request);
  if (response.status === 404) return false;
  if (response.status !== 200) refuseAnswer(request, response);
  return true;
}

/** A blob of at most so many bytes is read whole: most are, and a stream costs more than they do. */
const SMALL = 512 * 1024;

/** GET `/v2/<name>/blobs/<digest>`. */
export async function openBlob(
  session: Session,
  { repository, blob, signal }: { repository: Repository; blob: Descriptor; signal: AbortSignal },
): Promise<BlobBody> {
  const path = `blobs/${blob.digest}`;
  const isSmall = blob.size !== UNKNOWN_SIZE && blob.size <= SMALL;
  const answer = isSmall ? { maxBodyBytes: Math.max(SMALL, 1) } : { answer: 'stream' as const };
  const request = readRequest(session, repository, { method: 'GET', path, slot: 'none', signal, ...answer });
  const response = await session.send(request);
  if (response.status !== 200) {
    response.stream?.destroy();
    return refuseAnswer(request, response);
  }
  checkLength(request, response, blob);
  return response.stream === undefined
    ? verifiedBytes(blob, response.body)
    : verifiedStream(blob, response.stream, signal);
}

function checkLength(request: HttpRequest, response: HttpResponse, blob: Descriptor): void {
  const length = response.headers['content-length'];
  if (length === undefined || blob.size === UNKNOWN_SIZE || Number(length) === blob.size) return;
  response.stream?.destroy();
  const why = `the registry has ${length.slice(0, 20)} bytes of a blob of ${blob.size}`;
  throw new RegistryError('mismatch', `${describeRequest(request)}: ${why}`, { temporary: true });
}
