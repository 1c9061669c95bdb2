import { Backoff, NO_ANSWER } from '../../../base/backoff.ts';
import { abortedAfter } from '../../../base/errors.ts';
import { MANIFEST_RETRY } from '../../../base/limits-and-retries.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { type Digest, isDigest } from '../../../image/digest.ts';
import type { RawManifest } from '../../../image/oci-manifest.ts';
import type { Reference } from '../../../image/reference.ts';
import type { Repository } from '../../../image/repository.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { resolveManifest } from './manifests.ts';
import { responseErrorOf, throwResponseError } from './response-error.ts';
import { type Session, writeRequest } from './session.ts';
import { doubtOf, isSuccess, namesDigest, notStored } from './stored-digest.ts';
import { movedFrom, tagPrecondition, unreadTag } from './tag-precondition.ts';

interface ManifestPut {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly manifest: RawManifest;
  readonly signal: AbortSignal;
}

/**
 * PUT `/v2/<name>/manifests/<reference>`: the bytes as they are. Success is 201 that names no other digest than the one
 * that was sent; after any other 2xx a HEAD tells whether the manifest is there, and where it is not, it is written
 * again. A tag is written only where it does not exist, see `tagPrecondition`. Throws `RegistryError`.
 */
export async function putManifest(session: Session, put: ManifestPut): Promise<void> {
  const { digest } = put.manifest;
  const request = requestFor(session, put);
  const backoff = new Backoff(session.clock, MANIFEST_RETRY);
  for (;;) {
    const response = await session.send(request);
    const { precondition } = response;
    if (precondition !== undefined) throw unreadTag(request, responseErrorOf(precondition, response));
    if (!isSuccess(response)) throwResponseError(request, response);
    if (response.status === 201 && doubtOf(request, response, digest) === undefined) return;
    const there = await look(session, put);
    const error = failureOf(request, { response, put, there });
    if (error === undefined) return;
    const delay =
      error.code === 'unexpected' && there === undefined ? backoff.delayAfter(NO_ANSWER) : undefined;
    if (delay === undefined) throw error;
    await sleepAfter(error, session.clock.sleep(delay, put.signal), put.signal);
  }
}

/** An abort tells what the write before it failed with. */
async function sleepAfter(
  failure: RegistryError,
  sleeping: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await sleeping;
  } catch (error) {
    throw abortedAfter(failure, error, signal);
  }
}

interface Unsettled {
  readonly response: HttpResponse;
  readonly put: ManifestPut;
  readonly there: Digest | 'unknown' | undefined;
}

/** What went wrong though the answer is a success. */
function failureOf(request: HttpRequest, { response, put, there }: Unsettled): RegistryError | undefined {
  const { digest } = put.manifest;
  if (there === digest) return undefined;
  const doubt = doubtOf(request, response, digest);
  if (doubt !== undefined) return doubt;
  if (there === undefined) return notStored(request, response, 'the manifest is not there');
  if (there !== 'unknown') return movedFrom({ ...put, digest }, there);
  // where nobody can say, an answer is believed that names what was sent
  return namesDigest(response, digest)
    ? undefined
    : notStored(request, response, 'it cannot be told whether the manifest is there');
}

function requestFor(session: Session, put: ManifestPut): HttpRequest {
  const { repository, reference, manifest, signal } = put;
  const url = session.endpoints.urlOf(repository, `manifests/${reference}`);
  const headers = { 'content-type': manifest.mediaType };
  const request = writeRequest(repository, { method: 'PUT', url, headers, body: manifest.bytes, signal });
  // to write what a digest stands for once more moves nothing
  if (isDigest(reference)) return request;
  const write = { repository, reference, digest: manifest.digest, signal };
  return { ...request, precondition: tagPrecondition(session, request, write) };
}

/** What is there by now; `unknown` where the registry does not tell. */
async function look(session: Session, put: ManifestPut): Promise<Digest | 'unknown' | undefined> {
  try {
    return await resolveManifest(session, put);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return 'unknown';
  }
}
