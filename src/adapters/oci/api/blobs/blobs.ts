import { type ByteStream, derivedStream } from '../../../../base/byte-stream.ts';
import type { HttpRequest, HttpResponse } from '../../../../http/request.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import type { Repository } from '../../../../image/repository.ts';
import type { BlobBody } from '../../../../ports/registry.ts';
import type { RegistryError } from '../../../../ports/registry-error.ts';
import { requestError, throwResponseError } from '../response-error.ts';
import { readRequest, type Session } from '../session.ts';
import { ResumedStream } from './resumed-stream.ts';
import { mismatchOf, verifiedStream } from './verified-stream.ts';

/** Bytes up to which a blob is read whole: a stream costs more than most blobs. */
const SMALL = 512 * 1024;

export interface BlobRead {
  readonly repository: Repository;
  readonly blob: Descriptor;
  readonly signal: AbortSignal;
}

/** GET `/v2/<name>/blobs/<digest>`. A broken stream is resumed. */
export async function openBlob(session: Session, read: BlobRead): Promise<BlobBody> {
  const { size } = read.blob;
  return size !== UNKNOWN_SIZE && size <= SMALL ? readSmall(session, read) : openStream(session, read);
}

async function readSmall(session: Session, { repository, blob, signal }: BlobRead): Promise<Uint8Array> {
  const path = `blobs/${blob.digest}`;
  const parts = { method: 'GET', path, slot: 'none', signal, maxBodyBytes: SMALL } as const;
  const request = readRequest(session, repository, parts);
  const damageOf = (read: HttpResponse) => lengthError(request, read, blob) ?? mismatchOf(blob, read.body);
  const response = await session.send({ ...request, damageOf });
  if (response.status !== 200) return throwResponseError(request, response);
  return response.body;
}

/** The blob as a stream, whatever its size. */
export async function openStream(session: Session, read: BlobRead): Promise<ByteStream> {
  const { blob, signal } = read;
  const request = streamRequest(session, read, {});
  const damageOf = (received: HttpResponse) => lengthError(request, received, blob);
  const response = await session.send({ ...request, damageOf });
  if (response.status !== 200 || response.stream === undefined) return refuseStream(request, response);
  const openFrom = (start: number, end: AbortSignal) =>
    openRest(session, { ...read, signal: AbortSignal.any([signal, end]) }, start);
  return verifiedStream(blob, new ResumedStream(response.stream, { blob, openFrom, signal }));
}

/** Without If-Range: the digest detects parts of different blobs. */
async function openRest(session: Session, read: BlobRead, start: number): Promise<ByteStream> {
  const request = streamRequest(session, read, { range: `bytes=${start}-` });
  const response = await session.send(request);
  const { status, stream, headers } = response;
  if (stream === undefined) return refuseStream(request, response);
  if (status === 200) return skipBytes(stream, start);
  const begins = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1];
  if (status !== 206 || Number(begins) !== start) return refuseStream(request, response);
  return stream;
}

function streamRequest(
  session: Session,
  { repository, blob, signal }: BlobRead,
  headers: Readonly<Record<string, string>>,
): HttpRequest {
  const path = `blobs/${blob.digest}`;
  const parts = { method: 'GET', path, slot: 'none', answer: 'stream', signal, headers } as const;
  return readRequest(session, repository, parts);
}

/** Throws the error of a response, and closes its stream. */
export function refuseStream(request: HttpRequest, response: HttpResponse): never {
  response.stream?.destroy();
  return throwResponseError(request, response);
}

/** The error of a response with another length than the blob; its stream is closed. */
function lengthError(
  request: HttpRequest,
  { headers, stream }: HttpResponse,
  { size }: Descriptor,
): RegistryError | undefined {
  const length = headers['content-length'];
  if (length === undefined || size === UNKNOWN_SIZE || Number(length) === size) return undefined;
  stream?.destroy();
  const why = `the registry has ${length.slice(0, 20)} bytes of a blob of ${size}`;
  return requestError(request, 'mismatch', why, { temporary: true });
}

/** The rest of a stream after its first bytes. */
function skipBytes(stream: ByteStream, count: number): ByteStream {
  return derivedStream(stream, async function* () {
    let left = count;
    for await (const piece of stream) {
      const skipped = Math.min(left, piece.length);
      left -= skipped;
      yield piece.subarray(skipped);
    }
  });
}
