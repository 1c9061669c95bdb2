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
  /** What the tag is to become. */
  readonly digest: Digest;
}

/**
 * A tag is written only where a HEAD of that tag has just said that it does not exist: no list and no earlier answer is
 * proof of that, and registries have no PUT that spares an existing tag.
 */
export function tagPrecondition(
  session: Session,
  put: HttpRequest,
  write: TagWrite & { readonly signal: AbortSignal },
): Precondition {
  return async (send) => {
    let unanswered: HttpResponse | undefined;
    const sendOnce: Send = async (request) => {
      const response = await send(request);
      if (response.status !== 401 && !isTemporaryStatus(response.status)) return response;
      unanswered = { ...response, precondition: request };
      throw responseErrorOf(request, response); // ends the reading: another token, or another time, may be answered
    };
    try {
      const found = await resolveManifest({ ...session, send: sendOnce }, write);
      if (found === undefined) return 'free';
      if (found === write.digest) return 'done';
      throw movedFrom(write, found);
    } catch (error) {
      if (unanswered !== undefined) return unanswered;
      if (error instanceof DamagedResponse) throw new DamagedResponse(unreadTag(put, error.damage));
      if (!(error instanceof RegistryError) || error.code === 'moved') throw error;
      throw unreadTag(put, error);
    }
  };
}

/** The failure of a write to a tag that is another digest. */
export function movedFrom({ repository, reference, digest }: TagWrite, found: Digest): RegistryError {
  const name = formatReference(repository, reference);
  return new RegistryError('moved', `${name} points to ${found}, not ${digest}: tag moves are not supported`);
}

/** The failure of a write to a tag of which nobody can say what it is. */
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
 * Asks for the precondition of a write right before each time that the write goes out, with the same credentials: a
 * registry may hide from the anonymous what it lets others replace.
 */
export function withPreconditions(inner: Send): Send {
  return async (request) => {
    const { authorization } = request.headers;
    const send: Send = (read) =>
      inner(authorization === undefined ? read : { ...read, headers: { ...read.headers, authorization } });
    const state = (await request.precondition?.(send)) ?? 'free';
    if (state === 'free') return inner(request);
    return state === 'done' ? writtenAt(request.url) : state;
  };
}
