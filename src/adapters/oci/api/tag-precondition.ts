import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import {
  DamagedResponse,
  describeRequest,
  type HttpRequest,
  type HttpResponse,
  type Precondition,
  type Send,
  writtenAt,
} from '../../../http/request.ts';
import type { Digest } from '../../../image/digest.ts';
import { formatReference, type Reference } from '../../../image/reference.ts';
import type { Repository } from '../../../image/repository.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { resolveManifest } from './manifests.ts';
import { responseErrorOf } from './response-error.ts';
import type { Session } from './session.ts';

interface TagWrite {
  readonly repository: Repository;
  readonly reference: Reference;
  /** The digest to write. */
  readonly digest: Digest;
  /** The digest that may be overwritten: of a referrers tag, or a tag of signatures. */
  readonly replaces?: Digest | undefined;
}

/**
 * A tag is written only right after a HEAD has shown that it does not exist: a list or an earlier response is no proof,
 * and registries have no conditional PUT. A referrers tag may also be the index that the new one was made from.
 */
export function tagPrecondition(
  session: Session,
  put: HttpRequest,
  write: TagWrite & { readonly signal: AbortSignal },
): Precondition {
  return async (send) => {
    let repeatable: HttpResponse | undefined;
    const sendOnce: Send = async (request) => {
      const response = await send(request);
      if (response.status !== 401 && !isTemporaryStatus(response.status)) return response;
      repeatable = { ...response, precondition: request };
      throw responseErrorOf(request, response); // the outer layers get a new token, or retry
    };
    try {
      const found = await resolveManifest({ ...session, send: sendOnce }, write);
      if (found === write.digest) return 'done';
      if (found === undefined || found === write.replaces) return 'free';
      throw movedFrom(write, found);
    } catch (error) {
      if (repeatable !== undefined) return repeatable;
      if (error instanceof DamagedResponse) throw new DamagedResponse(unreadTag(put, error.damage));
      if (!(error instanceof RegistryError) || error.code === 'moved') throw error;
      throw unreadTag(put, error);
    }
  };
}

/** The error of a write to a tag that is another digest. */
export function movedFrom({ repository, reference, digest }: TagWrite, found: Digest): RegistryError {
  const name = formatReference(repository, reference);
  return new RegistryError('moved', `${name} points to ${found}, not ${digest}: tag moves are not supported`);
}

/** The error of a write to a tag whose current digest could not be read. */
export function unreadTag(put: HttpRequest, error: RegistryError): RegistryError {
  const { code, status, temporary, retryAfterMs } = error;
  const why = `not written: the tag's current digest could not be read: ${error.message}`;
  return new RegistryError(code, `${describeRequest(put)}: ${why}`, {
    temporary,
    ...(status !== undefined && { status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/**
 * Checks the precondition of a write right before each attempt, with the credentials of the write: a registry may hide
 * content from anonymous reads.
 */
export function withPreconditions(inner: Send): Send {
  return (request) => {
    const { precondition } = request;
    return precondition === undefined ? inner(request) : sendChecked(request, precondition, inner);
  };
}

async function sendChecked(
  request: HttpRequest,
  precondition: Precondition,
  inner: Send,
): Promise<HttpResponse> {
  const { authorization } = request.headers;
  const send: Send = (read) =>
    inner(authorization === undefined ? read : { ...read, headers: { ...read.headers, authorization } });
  const state = await precondition(send);
  if (state === 'free') return inner(request);
  return state === 'done' ? writtenAt(request.url) : state;
}
