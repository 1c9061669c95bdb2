import { readWhole, watchStream } from '../../../../base/byte-stream.ts';
import type { StreamBody } from '../../../../http/request.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import { hostOf } from '../../../../image/repository.ts';
import type { BlobBody, BlobUpload, UploadSession } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';
import { requestError, throwResponseError } from '../response-error.ts';
import { type Session, writeRequest } from '../session.ts';
import { isSuccess, notStored, otherDigestError } from '../stored-digest.ts';
import { BodySlices } from './body-slices.ts';
import { hasBlob } from './has-blob.ts';
import { movedUpload, parseUploadRange } from './uploads.ts';

/**
 * PUT `<location>?digest=<digest>` with the whole blob. For an interrupted upload, or a registry with a smaller limit:
 * PATCH `<location>` for each remaining chunk, and a PUT without a body.
 */
export async function finishUpload(
  session: Session,
  { signal, ...given }: BlobUpload & { readonly signal: AbortSignal },
): Promise<void> {
  const upload = given.blob.size === UNKNOWN_SIZE ? await sized(given) : given;
  const most = session.chunks.mostOf(hostOf(upload.session.repository));
  const isWhole = upload.session.received === 0 && upload.blob.size <= most;
  if (!isWhole) return sendInChunks(session, { ...upload, most }, signal);
  const { blob, open } = upload;
  return close(session, { at: upload.session, blob, body: { size: blob.size, open }, signal });
}

const BYTES = { 'content-type': 'application/octet-stream' };

/** A stream body, and so never sent twice: the caller resumes an upload. */
const NOTHING = { size: 0, open: () => Promise.resolve(new Uint8Array()) };

function closingUrl({ location }: UploadSession, { digest }: Descriptor): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${digest}`;
  return url;
}

interface Closing {
  readonly at: UploadSession;
  readonly blob: Descriptor;
  readonly body: StreamBody;
  readonly signal: AbortSignal;
}

/** After a success that is not 201, or names another digest, a HEAD shows whether the registry has the blob. */
async function close(session: Session, { at, blob, body, signal }: Closing): Promise<void> {
  const { repository } = at;
  const url = closingUrl(at, blob);
  const request = writeRequest(repository, { method: 'PUT', url, headers: BYTES, body, signal });
  const response = await session.send(request);
  if (response.status === 413) session.chunks.learnTooMuch(request.host, body.size);
  if (!isSuccess(response)) throwResponseError(request, response);
  const mismatch = otherDigestError(request, response, blob.digest);
  if (mismatch === undefined && response.status === 201) return;
  if (await hasBlob(session, { repository, blob, signal })) return;
  throw mismatch ?? notStored(request, response, 'the blob is not there');
}

async function sendInChunks(
  session: Session,
  { session: begin, blob, open, most, onMove }: BlobUpload & { readonly most: number },
  signal: AbortSignal,
): Promise<void> {
  const slices = new BodySlices(open, begin.received);
  try {
    let at = begin;
    while (at.received < blob.size) {
      at = await sendChunk(session, { at, slices, size: Math.min(most, blob.size - at.received) }, signal);
      onMove?.(at);
    }
    await close(session, { at, blob, body: NOTHING, signal });
  } finally {
    slices.destroy();
  }
}

async function sendChunk(
  session: Session,
  { at, slices, size }: { at: UploadSession; slices: BodySlices; size: number },
  signal: AbortSignal,
): Promise<UploadSession> {
  const received = at.received + size;
  const headers = { ...BYTES, 'content-range': `${at.received}-${received - 1}` };
  const url = new URL(at.location);
  const body = slices.next(size);
  const request = writeRequest(at.repository, { method: 'PATCH', url, headers, body, signal });
  const response = await session.send(request);
  if (response.status === 413) session.chunks.learnTooMuch(request.host, size);
  if (!isSuccess(response)) throwResponseError(request, response);
  const stored = parseUploadRange(response.headers['range']);
  if (stored === undefined || stored === received) return movedUpload(at, { request, response, received });
  const why = `the registry has ${stored} bytes of the upload after ${received} were sent`;
  throw requestError(request, 'unexpected', why, { temporary: true });
}

/** Schema 1 has no sizes of layers, and an upload needs one. */
async function sized(upload: BlobUpload): Promise<BlobUpload> {
  const bytes = await readUnsized(await upload.open());
  const open = () => Promise.resolve(bytes);
  return { ...upload, blob: { ...upload.blob, size: bytes.length }, open };
}

const MAX_UNSIZED_BYTES = 64 * 1024 * 1024;

function readUnsized(body: BlobBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return Promise.resolve(body);
  let size = 0;
  const onPiece = (length: number) => {
    size += length;
    if (size <= MAX_UNSIZED_BYTES) return;
    const message = `a schema 1 layer of more than ${MAX_UNSIZED_BYTES} bytes cannot be copied`;
    throw new RegistryError('refused', message);
  };
  return readWhole(watchStream(body, { onPiece }));
}
