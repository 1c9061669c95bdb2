import { drain } from '../../../../base/byte-stream.ts';
import { isTemporaryStatus } from '../../../../http/retry-classifier.ts';
import type { HttpResponse } from '../../../../http/request.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import type { Digest } from '../../../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import type { Repository } from '../../../../image/repository.ts';
import { isHeadRefused } from '../head-support.ts';
import { throwResponseError } from '../response-error.ts';
import { readRequest, type Session } from '../session.ts';

interface BlobQuestion {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly size: number;
  readonly signal: AbortSignal;
}

/**
 * HEAD `/v2/<name>/blobs/<digest>`. After a refusal or a web page, GET of the first byte: a redirect to storage may be
 * signed for GET only, and public.ecr.aws answers 401 to every HEAD. An unclear answer counts as missing: to upload the
 * blob again does no harm.
 */
export async function hasBlob(
  session: Session,
  { repository, blob, signal }: { repository: Repository; blob: Digest | Descriptor; signal: AbortSignal },
): Promise<boolean> {
  const { digest, size } = typeof blob === 'string' ? { digest: blob, size: UNKNOWN_SIZE } : blob;
  const question = { repository, digest, size, signal };
  if (session.heads.needsGet(repository, 'blobs')) return hasFirstByte(session, question);
  const request = readRequest(session, repository, { method: 'HEAD', path: `blobs/${digest}`, signal });
  const response = await session.send(request);
  if (response.status === 404) return false;
  if (response.status === 200) {
    return isAboutBlob(response, digest) ? !hasOtherSize(response, size) : hasFirstByte(session, question);
  }
  if (!isHeadRefused(response)) return throwResponseError(request, response);
  return session.heads.afterFirst(repository, 'blobs', async () => {
    const reason = session.heads.reasonOf(repository, 'blobs', response);
    if (reason !== undefined) return throwResponseError(request, { ...response, ...reason });
    return hasFirstByte(session, question, response.status);
  });
}

const FIRST_BYTE = { range: 'bytes=0-0' };

/** GET `/v2/<name>/blobs/<digest>` of the first byte; of a server without ranges only the headers are read. */
async function hasFirstByte(session: Session, question: BlobQuestion, refused?: number): Promise<boolean> {
  const { repository, digest, signal } = question;
  const parts = {
    method: 'GET',
    path: `blobs/${digest}`,
    headers: FIRST_BYTE,
    answer: 'stream',
    signal,
  } as const;
  const request = readRequest(session, repository, parts);
  const response = await session.send(request);
  dismiss(response);
  const isThere = presenceIn(response, question);
  if (isThere !== undefined) {
    if (refused !== undefined) session.heads.learnAnswer(repository, 'blobs');
    return isThere;
  }
  if (refused !== undefined && !isTemporaryStatus(response.status)) {
    session.heads.learnRefusal(repository, 'blobs', { ...response, status: refused });
  }
  return throwResponseError(request, response);
}

/** Undefined for any other status. */
function presenceIn(response: HttpResponse, { digest, size }: BlobQuestion): boolean | undefined {
  switch (response.status) {
    case 200:
      return isAboutBlob(response, digest) && !hasOtherSize(response, size);
    case 206:
      return isAboutBlob(response, digest) && !isOfOtherWhole(response, size);
    case 404:
      return false;
    case 416: // a blob of no bytes has no first one
      return size === 0 || size === UNKNOWN_SIZE;
    default:
      return undefined;
  }
}

/** Reads one byte, so that the connection is reused; closes a longer body. */
function dismiss({ stream, status }: HttpResponse): void {
  if (status !== 206) stream?.destroy();
  else if (stream !== undefined) void drain(stream, 1).catch(() => {}); // the headers are enough
}

/** A login page, or the notice of a proxy, has status 200 as well. Storage sends no digest. */
function isAboutBlob({ headers }: HttpResponse, digest: Digest): boolean {
  const named = headers['docker-content-digest'];
  if (named !== undefined) return named === digest;
  return !/^\s*(?:text\/html|application\/json)\b/i.test(headers['content-type'] ?? '');
}

/** A missing length, zero and the length of an encoded body prove nothing. */
function hasOtherSize({ headers }: HttpResponse, size: number): boolean {
  const length = Number(headers['content-length'] ?? 0);
  if (size === UNKNOWN_SIZE || length === 0 || headers['content-encoding'] !== undefined) return false;
  return length !== size;
}

/** For a part: `bytes 0-0/1234` has the size of the whole, `bytes 0-0/*` does not. */
function isOfOtherWhole({ headers }: HttpResponse, size: number): boolean {
  const whole = /\/(\d{1,15})\s*$/.exec(headers['content-range'] ?? '')?.[1];
  return size !== UNKNOWN_SIZE && whole !== undefined && Number(whole) !== size;
}
