import { Backoff, NO_ANSWER } from '../../../base/backoff.ts';
import { abortedAfter } from '../../../base/errors.ts';
import { MANIFEST_RETRY } from '../../../base/limits-and-retries.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { type Digest, isDigest, parseDigest } from '../../../image/digest.ts';
import type { RawManifest } from '../../../image/oci-manifest.ts';
import type { Reference } from '../../../image/reference.ts';
import { cosignTagOf, referrersTagOf } from '../../../image/attachment-tags.ts';
import type { Repository } from '../../../image/repository.ts';
import type { ReferrersIndexPut, SignatureTagPut, WrittenManifest } from '../../../ports/registry.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { resolveManifest } from './manifests.ts';
import { responseErrorOf, throwResponseError } from './response-error.ts';
import { type Session, writeRequest } from './session.ts';
import { isSuccess, notStored, otherDigestError } from './stored-digest.ts';
import { movedFrom, tagPrecondition, unreadTag } from './tag-precondition.ts';

interface ManifestPut {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly manifest: RawManifest;
  /** The digest that a tag may have before. Unset: none. */
  readonly replaces?: Digest | undefined;
  readonly signal: AbortSignal;
}

/**
 * PUT `/v2/<name>/manifests/<reference>`: the bytes as they are. Success is a 201 that names no other digest. After any
 * other 2xx a HEAD shows whether the manifest exists; if it does not, it is written again. A tag is written only if it
 * does not exist, see `tagPrecondition`. Throws `RegistryError`.
 */
export async function putManifest(session: Session, put: ManifestPut): Promise<WrittenManifest> {
  const { digest } = put.manifest;
  const request = requestFor(session, put);
  const backoff = new Backoff(session.clock, MANIFEST_RETRY);
  for (;;) {
    const response = await session.send(request);
    const { precondition } = response;
    if (precondition !== undefined) throw unreadTag(request, responseErrorOf(precondition, response));
    if (!isSuccess(response)) throwResponseError(request, response);
    if (response.status === 201 && otherDigestError(request, response, digest) === undefined) {
      return { listedUnder: parseDigest(response.headers['oci-subject'] ?? '') };
    }
    const stored = await resolveStored(session, put);
    const failure = failureOf(request, { response, put, stored });
    if (failure === undefined) return {};
    const isMissing = failure.code === 'unexpected' && stored === undefined;
    const delay = isMissing ? backoff.delayAfter(NO_ANSWER) : undefined;
    if (delay === undefined) throw failure;
    await session.clock.sleep(delay, put.signal).catch((error: unknown) => {
      throw abortedAfter(failure, error, put.signal);
    });
  }
}

/** The same for the index of a referrers tag. It and the tag of signatures are the only ones that may have other content. */
export async function putReferrersIndex(
  session: Session,
  { subject, index, ...put }: Omit<ManifestPut, 'reference' | 'manifest'> & ReferrersIndexPut,
): Promise<void> {
  await putManifest(session, { ...put, reference: referrersTagOf(subject), manifest: index });
}

/** The same for the tag of cosign's signatures. */
export async function putSignatureTag(
  session: Session,
  { subject, ...put }: Omit<ManifestPut, 'reference'> & SignatureTagPut,
): Promise<void> {
  await putManifest(session, { ...put, reference: cosignTagOf(subject, 'sig') });
}

interface DoubtfulPut {
  readonly response: HttpResponse;
  readonly put: ManifestPut;
  /** The digest behind the reference after the PUT. */
  readonly stored: Digest | 'unknown' | undefined;
}

/** The error of a PUT with an answer of success, if it failed nevertheless. */
function failureOf(request: HttpRequest, { response, put, stored }: DoubtfulPut): RegistryError | undefined {
  const { digest } = put.manifest;
  if (stored === digest) return undefined;
  const mismatch = otherDigestError(request, response, digest);
  if (mismatch !== undefined) return mismatch;
  if (stored === undefined) return notStored(request, response, 'the manifest is not there');
  if (stored !== 'unknown') return movedFrom({ ...put, digest }, stored);
  if (response.headers['docker-content-digest'] === digest) return undefined; // the best evidence left
  return notStored(request, response, 'the registry does not show whether the manifest exists');
}

function requestFor(session: Session, put: ManifestPut): HttpRequest {
  const { repository, reference, manifest, replaces, signal } = put;
  const url = session.endpoints.urlOf(repository, `manifests/${reference}`);
  const headers = { 'content-type': manifest.mediaType };
  const request = writeRequest(repository, { method: 'PUT', url, headers, body: manifest.bytes, signal });
  if (isDigest(reference)) return request; // writing a digest again changes nothing
  const write = { repository, reference, digest: manifest.digest, replaces, signal };
  return { ...request, precondition: tagPrecondition(session, request, write) };
}

async function resolveStored(session: Session, put: ManifestPut): Promise<Digest | 'unknown' | undefined> {
  try {
    return await resolveManifest(session, put);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return 'unknown';
  }
}
