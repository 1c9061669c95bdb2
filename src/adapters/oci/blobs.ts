import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';
import { readRequest, type Session } from './session.ts';
import { verifiedStream } from './verified-stream.ts';

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

/** GET `/v2/<name>/blobs/<digest>`; what it streams fails at its end unless it was the blob. */
export async function openBlob(
  session: Session,
  { repository, blob, signal }: { repository: Repository; blob: Descriptor; signal: AbortSignal },
): Promise<Readable> {
  const path = `blobs/${blob.digest}`;
  const request = readRequest(session, repository, { method: 'GET', path, answer: 'stream', slot: 'none', signal });
  const response = await session.send(request);
  if (response.status !== 200 || response.stream === undefined) return refuseAnswer(request, response);
  checkLength(request, response, blob);
  const verified = verifiedStream(blob);
  pipeline(response.stream, verified, () => {}); // its error reaches whoever reads the verified stream
  return verified;
}

function checkLength(request: HttpRequest, response: HttpResponse, blob: Descriptor): void {
  const length = response.headers['content-length'];
  if (length === undefined || blob.size === UNKNOWN_SIZE || Number(length) === blob.size) return;
  response.stream?.destroy();
  const why = `the registry has ${length.slice(0, 20)} bytes of a blob of ${blob.size}`;
  throw new RegistryError('mismatch', `${describeRequest(request)}: ${why}`, { temporary: true });
}
