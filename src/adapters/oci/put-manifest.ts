import { type Digest, isDigest } from '../../image/digest.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import type { Reference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import type { HttpRequest, Slot } from './http.ts';
import { resolveManifest } from './manifests.ts';
import { type Session, writeRequest } from './session.ts';
import { doubtOf } from './stored-digest.ts';
import { TagSight } from './tag-sight.ts';

interface ManifestPut {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly manifest: RawManifest;
  readonly seenAt?: number;
  readonly signal: AbortSignal;
}

/**
 * PUT `/v2/<name>/manifests/<reference>`: the bytes as they are, and the digest that the registry says it stored. Where
 * that is another one, a HEAD tells whether it is so; and of a tag, before it is written long after it was seen, or again
 * because no answer came: one that is something else by then is left so. Throws `RegistryError`.
 */
export async function putManifest(session: Session, put: ManifestPut): Promise<void> {
  const request = requestFor(session, put);
  const response = await session.send(request);
  const { digest } = put.manifest;
  // 200 is no answer to a PUT unless it says what was stored: a proxy's notice has that status as well
  const isStored = response.status === 201 || response.headers['docker-content-digest'] === digest;
  if (!isStored) refuseAnswer(request, response);
  const doubt = doubtOf(request, response, digest);
  if (doubt !== undefined && (await look(session, put)) !== digest) throw doubt;
}

function requestFor(session: Session, put: ManifestPut): HttpRequest {
  const { repository, reference, manifest, signal } = put;
  const url = session.endpoints.urlOf(repository, `manifests/${reference}`);
  const headers = { 'content-type': manifest.mediaType };
  const request = writeRequest(repository, { method: 'PUT', url, headers, body: manifest.bytes, signal });
  // to write what a digest stands for once more moves nothing
  return isDigest(reference) ? request : { ...request, sight: sightOf(session, { request, put }) };
}

function sightOf(
  session: Session,
  { request, put }: { readonly request: HttpRequest; readonly put: ManifestPut },
): TagSight {
  const { clock } = session;
  const { manifest, seenAt = clock.monotonic() } = put;
  const resolve = (slot: Slot) => resolveManifest(session, { ...put, slot });
  return new TagSight(request, { clock, seenAt, digest: manifest.digest, resolve });
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
