import { type Readable, Transform } from 'node:stream';
import { describeRequest, type HttpRequest, type HttpResponse } from '../../../../http/request.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import type { Repository } from '../../../../image/repository.ts';
import type { BlobBody } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';
import { throwResponseError } from '../response-error.ts';
import { readRequest, type Session } from '../session.ts';
import { resumedStream } from './resumed-stream.ts';
import { verifiedBytes, verifiedStream } from './verified-stream.ts';

/** A blob of at most so many bytes is read whole: most are, and a stream costs more than they do. */
const SMALL = 512 * 1024;

interface BlobQuestion {
  readonly repository: Repository;
  readonly blob: Descriptor;
  readonly signal: AbortSignal;
}

/** GET `/v2/<name>/blobs/<digest>`. A stream that breaks off goes on where it did. */
export async function openBlob(session: Session, question: BlobQuestion): Promise<BlobBody> {
  const { size } = question.blob;
  return size !== UNKNOWN_SIZE && size <= SMALL
    ? readSmall(session, question)
    : openStream(session, question);
}

async function readSmall(session: Session, { repository, blob, signal }: BlobQuestion): Promise<Uint8Array> {
  const path = `blobs/${blob.digest}`;
  const parts = { method: 'GET', path, slot: 'none', signal, maxBodyBytes: SMALL } as const;
  const request = readRequest(session, repository, parts);
  const response = await session.send({ ...request, damageOf: (read) => damageOf(request, read, blob) });
  if (response.status !== 200) return throwResponseError(request, response);
  return response.body;
}

function damageOf(request: HttpRequest, response: HttpResponse, blob: Descriptor): RegistryError | undefined {
  const damage = lengthDamageOf(request, response, blob);
  if (damage !== undefined) return damage;
  try {
    verifiedBytes(blob, response.body);
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
}

/** The bytes as a stream, however few they are. */
export async function openStream(session: Session, question: BlobQuestion): Promise<Readable> {
  const { blob, signal } = question;
  const request = streamRequest(session, question, {});
  const response = await session.send({
    ...request,
    damageOf: (read) => lengthDamageOf(request, read, blob),
  });
  if (response.status !== 200 || response.stream === undefined) return refuseStream(request, response);
  const size = blob.size === UNKNOWN_SIZE ? undefined : blob.size;
  const openFrom = (start: number) => openRest(session, question, start);
  return verifiedStream(blob, resumedStream(response.stream, { size, openFrom }), signal);
}

/** The digest guards against parts of different blobs, so there is no need of an If-Range. */
async function openRest(session: Session, question: BlobQuestion, start: number): Promise<Readable> {
  const request = streamRequest(session, question, { range: `bytes=${start}-` });
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
  { repository, blob, signal }: BlobQuestion,
  headers: Readonly<Record<string, string>>,
): HttpRequest {
  const path = `blobs/${blob.digest}`;
  const parts = { method: 'GET', path, slot: 'none', answer: 'stream', signal, headers } as const;
  return readRequest(session, repository, parts);
}

function refuseStream(request: HttpRequest, response: HttpResponse): never {
  response.stream?.destroy();
  return throwResponseError(request, response);
}

/** A stream of another length is given up at once. */
function lengthDamageOf(
  request: HttpRequest,
  { headers, stream }: HttpResponse,
  { size }: Descriptor,
): RegistryError | undefined {
  const length = headers['content-length'];
  if (length === undefined || size === UNKNOWN_SIZE || Number(length) === size) return undefined;
  stream?.destroy();
  const why = `the registry has ${length.slice(0, 20)} bytes of a blob of ${size}`;
  return new RegistryError('mismatch', `${describeRequest(request)}: ${why}`, { temporary: true });
}

/** What follows after so many bytes of a stream; either side that breaks off ends the other. */
export function skipBytes(source: Readable, count: number): Readable {
  if (count === 0) return source;
  let left = count;
  const rest = new Transform({
    transform(piece: Buffer, _encoding, done) {
      const skipped = Math.min(left, piece.length);
      left -= skipped;
      done(null, skipped === piece.length ? undefined : piece.subarray(skipped));
    },
  });
  source.on('error', (cause) => rest.destroy(cause));
  rest.on('close', () => source.destroy());
  return source.pipe(rest);
}
