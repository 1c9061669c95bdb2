import { drain } from '../../../../base/byte-stream.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import type { BlobCondition } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';
import { readRequest, type Session } from '../session.ts';
import { type BlobRead, openStream, refuseStream } from './blobs.ts';
import { hasBlob } from './has-blob.ts';

/**
 * GET `/v2/<name>/blobs/<digest>`, whole or its last byte. A HEAD proves little: distribution answers it from a cache in
 * memory, even for a blob whose data is gone.
 */
export async function checkBlob(
  session: Session,
  { extent, ...read }: BlobRead & { readonly extent: 'whole' | 'end' },
): Promise<BlobCondition> {
  const { size } = read.blob;
  try {
    if (extent === 'whole' || size === UNKNOWN_SIZE || size === 0) {
      await drain(await openStream(session, read));
      return 'sound';
    }
    return await readEnd(session, read);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.code === 'mismatch' || error.status === 416) return 'damaged';
    if (error.status === 404) return 'missing';
    if (error.status !== 500 && error.code !== 'unreachable') throw error;
    // the blob or the whole host is unavailable: in the second case this throws
    return (await hasBlob(session, { ...read, blob: read.blob.digest })) ? 'damaged' : 'missing';
  }
}

/** A registry without ranges sends the whole blob: then its Content-Length counts. */
async function readEnd(session: Session, { repository, blob, signal }: BlobRead): Promise<BlobCondition> {
  const last = blob.size - 1;
  const request = readRequest(session, repository, {
    method: 'GET',
    path: `blobs/${blob.digest}`,
    headers: { range: `bytes=${last}-${last}` },
    answer: 'stream',
    signal,
  });
  const response = await session.send(request);
  const { status, headers, stream } = response;
  if (stream === undefined || (status !== 200 && status !== 206)) return refuseStream(request, response);
  if (status === 200) {
    stream.destroy();
    return Number(headers['content-length'] ?? blob.size) === blob.size ? 'sound' : 'damaged';
  }
  const total = /\/(\d{1,15})$/.exec(headers['content-range'] ?? '')?.[1];
  const received = await drain(stream, 1).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new RegistryError('unreachable', `blob ${blob.digest}: its last byte did not come`, { cause });
  });
  return received === 1 && Number(total ?? blob.size) === blob.size ? 'sound' : 'damaged';
}
