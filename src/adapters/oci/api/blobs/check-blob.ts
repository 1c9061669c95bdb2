import type { Readable } from 'node:stream';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import type { Repository } from '../../../../image/repository.ts';
import type { BlobCondition } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';
import { throwResponseError } from '../response-error.ts';
import { readRequest, type Session } from '../session.ts';
import { openStream } from './blobs.ts';
import { hasBlob } from './has-blob.ts';

interface Check {
  readonly repository: Repository;
  readonly blob: Descriptor;
  readonly signal: AbortSignal;
}

/**
 * GET `/v2/<name>/blobs/<digest>`, all of it or its last byte. A HEAD proves little: distribution answers it from a cache
 * in memory, so that it names blobs whose data is gone.
 */
export async function checkBlob(
  session: Session,
  { extent, ...check }: Check & { readonly extent: 'whole' | 'end' },
): Promise<BlobCondition> {
  const { size } = check.blob;
  try {
    if (extent === 'whole' || size === UNKNOWN_SIZE || size === 0) return await readWhole(session, check);
    return await readEnd(session, check);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.code === 'mismatch' || error.status === 416) return 'damaged';
    if (error.status === 404) return 'missing';
    if (error.status !== 500 && error.code !== 'unreachable') throw error;
    // the bytes alone do not come, or the host is away: then this throws
    return (await hasBlob(session, { ...check, blob: check.blob.digest })) ? 'damaged' : 'missing';
  }
}

async function readWhole(session: Session, check: Check): Promise<BlobCondition> {
  await drain(await openStream(session, check));
  return 'sound';
}

/** A registry that sends all of a blob in place of its end is believed for the length that it promises. */
async function readEnd(session: Session, { repository, blob, signal }: Check): Promise<BlobCondition> {
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
  if (stream === undefined || (status !== 200 && status !== 206))
    return throwResponseError(request, response);
  if (status === 200) {
    stream.destroy();
    return Number(headers['content-length'] ?? blob.size) === blob.size ? 'sound' : 'damaged';
  }
  const total = /\/(\d{1,15})$/.exec(headers['content-range'] ?? '')?.[1];
  const received = await drain(stream).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new RegistryError('unreachable', `blob ${blob.digest}: its last byte did not come`, { cause });
  });
  return received === 1 && Number(total ?? blob.size) === blob.size ? 'sound' : 'damaged';
}

/** Reads to the end; resolves to the number of bytes. */
async function drain(stream: Readable): Promise<number> {
  let size = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) size += piece.length;
  return size;
}
