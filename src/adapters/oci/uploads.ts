import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BlobBody, UploadSession } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { nameOf } from './endpoint.ts';
import { type HttpRequest, type HttpResponse } from './http.ts';
import { readLocation } from './location.ts';
import { pullScope, type Session, writeRequest } from './session.ts';

/**
 * POST `/v2/<name>/blobs/uploads/?mount=<digest>&from=<other name>`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(
  session: Session,
  mount: { repository: Repository; digest: Digest; from: Repository; signal: AbortSignal },
): Promise<'mounted' | UploadSession> {
  const { repository, digest, from, signal } = mount;
  const url = session.endpoints.urlOf(repository, 'blobs/uploads/');
  url.search = `?mount=${digest}&from=${encodeURIComponent(nameOf(from))}`;
  const write = writeRequest(repository, { method: 'POST', url, headers: NO_BODY, signal });
  const request = { ...write, scopes: [...write.scopes, pullScope(from)] };
  const response = await session.send(request);
  if (response.status === 201) return 'mounted';
  return openedUpload(repository, request, response);
}

const NO_BODY = { 'content-length': '0' };

/** POST `/v2/<name>/blobs/uploads/`. */
export async function startUpload(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<UploadSession> {
  const url = session.endpoints.urlOf(repository, 'blobs/uploads/');
  const request = writeRequest(repository, { method: 'POST', url, headers: NO_BODY, signal });
  return openedUpload(repository, request, await session.send(request));
}

function openedUpload(repository: Repository, request: HttpRequest, response: HttpResponse): UploadSession {
  if (response.status !== 202) refuseAnswer(request, response);
  const url = readLocation(request, response, 'an upload');
  return { repository, location: url.href };
}

/** PUT `<location>?digest=<digest>` with the whole blob as its body. */
export async function finishUpload(upload: {
  readonly session: UploadSession;
  readonly blob: Descriptor;
  readonly open: () => Promise<BlobBody>;
  readonly send: Session['send'];
  readonly signal: AbortSignal;
}): Promise<void> {
  const { session, blob, open, send, signal } = upload;
  const url = new URL(session.location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${blob.digest}`;
  const body = blob.size === UNKNOWN_SIZE ? await readWhole(open) : { size: blob.size, open };
  const headers = { 'content-type': 'application/octet-stream' };
  const request = writeRequest(session.repository, { method: 'PUT', url, headers, body, signal });
  const response = await send(request);
  if (response.status === 201) return;
  refuseAnswer(request, response);
}

/** Schema 1 does not tell the size of its layers, and an upload needs it. */
const MAX_UNSIZED_BYTES = 64 * 1024 * 1024;

async function readWhole(open: () => Promise<BlobBody>): Promise<Uint8Array> {
  const body = await open();
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > MAX_UNSIZED_BYTES) {
      throw new RegistryError(
        'refused',
        `a schema 1 layer of more than ${MAX_UNSIZED_BYTES} bytes cannot be copied`,
      );
    }
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

/** DELETE `<location>`; whether it worked is of no interest. */
export async function cancelUpload(
  session: Session,
  upload: UploadSession,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(upload.location);
  const request = writeRequest(upload.repository, { method: 'DELETE', url, signal });
  await session.send(request).catch(() => {}); // the registry forgets an upload in time
}
