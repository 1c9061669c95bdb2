import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { type Digest, digestOf, isDigest, parseDigest } from '../../../image/digest.ts';
import { ACCEPT_MANIFESTS, isManifestType } from '../../../image/media-types.ts';
import {
  guessMediaType,
  ManifestError,
  parseReferences,
  type RawManifest,
  verifyManifest,
} from '../../../image/oci-manifest.ts';
import type { Reference } from '../../../image/reference.ts';
import type { Repository } from '../../../image/repository.ts';
import type { Tag } from '../../../image/tag.ts';
import type { Found } from '../../../ports/registry.ts';
import type { RegistryError } from '../../../ports/registry-error.ts';
import { isHeadRefused } from './head-support.ts';
import { requestError, throwResponseError } from './response-error.ts';
import { readRequest, type Session } from './session.ts';

/** The limit of registries, which applies to reads too. @see distribution-spec §"Pushing Manifests" */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface Lookup {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly signal: AbortSignal;
}

/** HEAD `/v2/<name>/manifests/<reference>`: its digest. */
export async function resolveManifest(session: Session, lookup: Lookup): Promise<Digest | undefined> {
  return (await lookUpManifest(session, lookup))?.digest;
}

/** HEAD `/v2/<name>/manifests/<reference>`; GET for a registry that refuses HEAD, or gives no digest. */
export async function lookUpManifest(session: Session, lookup: Lookup): Promise<Found | undefined> {
  const { repository, reference } = lookup;
  if (session.heads.needsGet(repository, 'manifests')) return lookUpByGet(session, lookup);
  const request = lookupRequest(session, 'HEAD', lookup);
  const response = await session.send({ ...request, damageOf: (read) => webPageError(request, read) });
  if (response.status === 404) return undefined;
  if (response.status === 200) {
    return foundIn(request, response, reference) ?? lookUpByGet(session, lookup);
  }
  if (!isHeadRefused(response)) return throwResponseError(request, response);
  return session.heads.afterFirst(repository, 'manifests', async () => {
    const reason = session.heads.reasonOf(repository, 'manifests', response);
    if (reason !== undefined) return throwResponseError(request, { ...response, ...reason });
    return lookUpByGet(session, lookup, { request, response });
  });
}

function lookupRequest(
  session: Session,
  method: 'GET' | 'HEAD',
  { repository, reference, signal }: Lookup,
): HttpRequest {
  // some registries answer 404 for a tag whose manifest has a type that is not accepted
  const headers = { accept: isDigest(reference) ? ACCEPT_MANIFESTS : `${ACCEPT_MANIFESTS}, */*` };
  const limit = method === 'GET' ? { maxBodyBytes: MAX_MANIFEST_BYTES } : {};
  return readRequest(session, repository, {
    method,
    path: `manifests/${reference}`,
    headers,
    ...limit,
    signal,
  });
}

/** The content of a HEAD response; undefined without a digest, unless it has the type of a manifest and was by digest. */
function foundIn(request: HttpRequest, response: HttpResponse, reference: Reference): Found | undefined {
  const mediaType = namedType(response) ?? '';
  const named = digestIn(response);
  if (!isDigest(reference)) return named && { digest: named, mediaType };
  if (named !== undefined && named !== reference) {
    throw requestError(request, 'mismatch', `the registry answered with ${named}`);
  }
  return named !== undefined || isManifestType(mediaType) ? { digest: reference, mediaType } : undefined;
}

function digestIn({ headers }: HttpResponse): Digest | undefined {
  // a copy: V8 keeps the text of all headers for a part of it, and a plan has the digests of many answers
  return parseDigest(Buffer.from(headers['docker-content-digest'] ?? '').toString());
}

/** A login page, or the notice of a proxy, has status 200 as well. */
function webPageError(request: HttpRequest, { headers }: HttpResponse): RegistryError | undefined {
  if (!/^\s*text\/html\b/i.test(headers['content-type'] ?? '')) return undefined;
  return requestError(request, 'unexpected', 'the answer is a web page, not a manifest');
}

/** A HEAD without an answer to its question. */
interface RefusedHead {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** GET `/v2/<name>/manifests/<reference>`: a manifest, or content that the registry names by the right digest. */
async function lookUpByGet(
  session: Session,
  lookup: Lookup,
  refused?: RefusedHead,
): Promise<Found | undefined> {
  const { repository, reference } = lookup;
  const request = lookupRequest(session, 'GET', lookup);
  const damageOf = (read: HttpResponse) => {
    const digest = isDigest(reference) ? reference : digestIn(read);
    return digest === undefined ? webPageError(request, read) : mismatchError(request, digest, read);
  };
  const response = await session.send({ ...request, damageOf });
  const { status } = response;
  if (refused !== undefined && isRefusedToo(refused, response)) {
    const body = tellsReason(status) ? response.body : new Uint8Array();
    const refusal = {
      ...refused.response,
      body,
      ...(response.hint !== undefined && { hint: response.hint, identityFault: response.identityFault }),
    };
    session.heads.learnRefusal(repository, 'manifests', refusal);
    return throwResponseError(refused.request, refusal);
  }
  if (status !== 200 && status !== 404) return throwResponseError(request, response);
  if (refused !== undefined) session.heads.learnAnswer(repository, 'manifests');
  return status === 404 ? undefined : foundInBytes(request, response, reference);
}

/** Without rights, a 404 may hide the content; and the refusal of the HEAD stands if the GET has no reason. */
function isRefusedToo({ response: head }: RefusedHead, { status }: HttpResponse): boolean {
  if (!tellsReason(status)) return head.status === 401 || head.status === 403;
  return status !== 200;
}

function tellsReason(status: number): boolean {
  return status !== 404 && !isTemporaryStatus(status);
}

function foundInBytes(request: HttpRequest, response: HttpResponse, reference: Reference): Found {
  const mediaType = mediaTypeOf(response);
  const named = isDigest(reference) ? reference : digestIn(response);
  if (named !== undefined) return { digest: named, mediaType };
  const digest = digestOf(response.body);
  try {
    parseReferences({ digest, bytes: response.body, mediaType });
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw requestError(request, 'unexpected', error.message, { cause: error });
  }
  return { digest, mediaType };
}

/** GET `/v2/<name>/manifests/<digest>`, verified. */
export async function fetchManifest(
  session: Session,
  { digest, ...lookup }: Omit<Lookup, 'reference'> & { readonly digest: Digest },
): Promise<RawManifest | undefined> {
  const request = lookupRequest(session, 'GET', { ...lookup, reference: digest });
  const response = await session.send({
    ...request,
    damageOf: (read) => mismatchError(request, digest, read),
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200) return throwResponseError(request, response);
  return manifestIn(response, digest);
}

/** GET `/v2/<name>/manifests/<tag>`; the digest is that of the bytes, and the one that the registry names, if any. */
export async function fetchTagged(
  session: Session,
  { tag, ...lookup }: Omit<Lookup, 'reference'> & { readonly tag: Tag },
): Promise<RawManifest | undefined> {
  const request = lookupRequest(session, 'GET', { ...lookup, reference: tag });
  const digestOfRead = (read: HttpResponse) => digestIn(read) ?? digestOf(read.body);
  const response = await session.send({
    ...request,
    damageOf: (read) => mismatchError(request, digestOfRead(read), read),
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200) return throwResponseError(request, response);
  return manifestIn(response, digestOfRead(response));
}

function manifestIn(response: HttpResponse, digest: Digest): RawManifest {
  return { digest, bytes: response.body, mediaType: mediaTypeOf(response) };
}

function mismatchError(
  request: HttpRequest,
  digest: Digest,
  response: HttpResponse,
): RegistryError | undefined {
  try {
    verifyManifest(manifestIn(response, digest));
    return undefined;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return requestError(request, 'mismatch', error.message, { cause: error });
  }
}

/** The Content-Type; without a useful one, the type that the document shows. */
function mediaTypeOf(response: HttpResponse): string {
  return namedType(response) ?? guessMediaType(response.body);
}

/** The Content-Type without its parameters; undefined for a generic one. */
function namedType(response: HttpResponse): string | undefined {
  const [type = ''] = (response.headers['content-type'] ?? '').split(';');
  const named = type.trim().toLowerCase();
  return named === '' || GENERIC.has(named) ? undefined : named;
}

const GENERIC = new Set(['application/json', 'application/octet-stream', 'text/plain', 'text/html']);
