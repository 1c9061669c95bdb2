import { type Digest, isDigest } from '../../image/digest.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import type { Reference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type WriteTrace } from './http.ts';
import { resolveManifest } from './manifests.ts';
import { type Session, writeRequest } from './session.ts';
import { doubtOf } from './stored-digest.ts';

interface ManifestPut {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly manifest: RawManifest;
  readonly signal: AbortSignal;
}

/**
 * PUT `/v2/<name>/manifests/<reference>`: the bytes as they are, and the digest that the registry says it stored. Where
 * that is another one, a HEAD tells whether it is so; and where no answer comes for a tag, before that is written again:
 * one that is something else by then is left so. Throws `RegistryError`.
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
  return isDigest(reference) ? request : { ...request, lookBack: () => traceOf(session, { request, put }) };
}

async function traceOf(
  session: Session,
  { request, put }: { readonly request: HttpRequest; readonly put: ManifestPut },
): Promise<WriteTrace> {
  const there = await look(session, put);
  if (there === 'unknown') return 'unknown';
  if (there === undefined) return 'not done';
  if (there === put.manifest.digest) return 'done';
  const what = `it has become ${there} since the plan was made: tag moves are not supported`;
  throw new RegistryError('moved', `${describeRequest(request)}: ${what}`);
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
