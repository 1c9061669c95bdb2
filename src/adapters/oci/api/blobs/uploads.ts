import { readLocation } from '../../../../http/redirects.ts';
import type { HttpRequest, HttpResponse } from '../../../../http/request.ts';
import type { Digest } from '../../../../image/digest.ts';
import type { Repository } from '../../../../image/repository.ts';
import type { UploadSession } from '../../../../ports/registry.ts';
import { nameOf } from '../endpoint.ts';
import { throwResponseError } from '../response-error.ts';
import { pullScope, type Session, writeRequest } from '../session.ts';
import { isSuccess, notStored, otherDigestError } from '../stored-digest.ts';
import { hasBlob } from './has-blob.ts';

/**
 * POST `/v2/<name>/blobs/uploads/?mount=<digest>&from=<other name>`, or the same without `from`. 201 is a mount, 202
 * an upload; after any other success a HEAD shows whether the blob exists.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
export async function mountBlob(
  session: Session,
  mount: { repository: Repository; digest: Digest; from?: Repository; signal: AbortSignal },
): Promise<'mounted' | UploadSession> {
  const { repository, digest, from, signal } = mount;
  const url = session.endpoints.urlOf(repository, 'blobs/uploads/');
  url.search = `?mount=${digest}${from === undefined ? '' : `&from=${encodeURIComponent(nameOf(from))}`}`;
  const write = writeRequest(repository, { method: 'POST', url, headers: NO_BODY, signal });
  const request = from === undefined ? write : { ...write, scopes: [...write.scopes, pullScope(from)] };
  const response = await session.send(request);
  if (response.status === 202) return openedUpload(session, request, response);
  if (!isSuccess(response)) throwResponseError(request, response);
  if (response.status === 201 && otherDigestError(request, response, digest) === undefined) return 'mounted';
  if (await hasBlob(session, { repository, blob: digest, signal })) return 'mounted';
  throw notStored(request, response, 'the blob is not there');
}

/**
 * POST `/v2/<name>/blobs/uploads/?digest=<digest>` with the blob. 201 is a stored blob, 202 an upload; after any other
 * success a HEAD shows whether the blob exists.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post
 */
export async function putBlob(
  session: Session,
  put: { repository: Repository; digest: Digest; bytes: Uint8Array; signal: AbortSignal },
): Promise<'stored' | UploadSession> {
  const { repository, digest, bytes, signal } = put;
  const url = session.endpoints.urlOf(repository, 'blobs/uploads/');
  url.search = `?digest=${digest}`;
  const headers = { 'content-type': 'application/octet-stream' };
  const request = writeRequest(repository, { method: 'POST', url, headers, body: bytes, signal });
  const response = await session.send(request);
  if (response.status === 202) return openedUpload(session, request, response);
  if (!isSuccess(response)) throwResponseError(request, response);
  const mismatch = otherDigestError(request, response, digest);
  if (response.status === 201 && mismatch === undefined) return 'stored';
  if (await hasBlob(session, { repository, blob: digest, signal })) return 'stored';
  throw mismatch ?? notStored(request, response, 'the blob is not there');
}

const NO_BODY = { 'content-length': '0' };

/** POST `/v2/<name>/blobs/uploads/`. */
export async function startUpload(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<UploadSession> {
  const url = session.endpoints.urlOf(repository, 'blobs/uploads/');
  const request = writeRequest(repository, { method: 'POST', url, headers: NO_BODY, signal });
  const response = await session.send(request);
  const isOpened = isSuccess(response) && response.headers['location'] !== undefined; // 202 as a rule
  if (!isOpened && response.status !== 202) throwResponseError(request, response);
  return openedUpload(session, request, response);
}

function openedUpload(session: Session, request: HttpRequest, response: HttpResponse): UploadSession {
  const { host, repository } = request;
  session.chunks.learnLeast(host, response.headers['oci-chunk-min-length']);
  const url = readLocation(request, response, 'an upload');
  return { repository, location: url.href, received: 0 };
}

/**
 * GET `<location>`: the received bytes of an upload. Undefined if there are none, and if the registry has forgotten the
 * upload or does not report it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export async function resumeUpload(
  session: Session,
  upload: UploadSession,
  signal: AbortSignal,
): Promise<UploadSession | undefined> {
  const url = new URL(upload.location);
  const request = writeRequest(upload.repository, { method: 'GET', url, signal });
  const response = await session.send(request).catch(() => undefined);
  if (response === undefined || response.status < 200 || response.status > 299) return undefined;
  const received = parseUploadRange(response.headers['range']);
  if (received === undefined || received < 2) return undefined; // `0-0` is none, or one
  try {
    return movedUpload(upload, { request, response, received });
  } catch {
    return undefined; // a Location that cannot be used
  }
}

/** The upload after a response: at its Location, or else at the same one. */
export function movedUpload(
  { repository, location }: UploadSession,
  { request, response, received }: { request: HttpRequest; response: HttpResponse; received: number },
): UploadSession {
  const isMoved = response.headers['location'] !== undefined;
  const next = isMoved ? readLocation(request, response, 'an upload').href : location;
  return { repository, location: next, received };
}

/** The number of bytes in `0-N`; undefined for anything else. */
export function parseUploadRange(header: string | undefined): number | undefined {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(header ?? '')?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

/** DELETE `<location>`. Failures are ignored: the registry expires an upload. */
export async function cancelUpload(
  session: Session,
  upload: UploadSession,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(upload.location);
  const request = writeRequest(upload.repository, { method: 'DELETE', url, signal });
  await session.send(request).catch(() => {});
}
