import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { type Digest, digestOf, isDigest, parseDigest } from '../../../image/digest.ts';
import { ACCEPT_MANIFESTS } from '../../../image/media-types.ts';
import {
  guessMediaType,
  ManifestError,
  parseReferences,
  type RawManifest,
  verifyManifest,
} from '../../../image/oci-manifest.ts';
import type { Reference } from '../../../image/reference.ts';
import type { Repository } from '../../../image/repository.ts';
import type { Found } from '../../../ports/registry.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { isHeadRefused } from './head-support.ts';
import { throwResponseError } from './response-error.ts';
import { readRequest, type Session } from './session.ts';

/** The most that registries take, and so the most that is read. @see distribution-spec §"Pushing Manifests" */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface Lookup {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly signal: AbortSignal;
}

const ACCEPT = { accept: ACCEPT_MANIFESTS };
/** Of a tag: some registries answer 404 where the type of its manifest is not accepted, and the tag exists all the same. */
const ACCEPT_ANY = { accept: `${ACCEPT_MANIFESTS}, */*` };

/** HEAD `/v2/<name>/manifests/<reference>`: its digest. */
export async function resolveManifest(session: Session, asked: Lookup): Promise<Digest | undefined> {
  return (await lookUpManifest(session, asked))?.digest;
}

/**
 * HEAD `/v2/<name>/manifests/<reference>`; a registry that refuses that, or gives no digest, is asked for the bytes.
 */
export async function lookUpManifest(session: Session, asked: Lookup): Promise<Found | undefined> {
  const { repository, reference, signal } = asked;
  if (session.heads.isAskedByGet(repository, 'manifests')) return lookAtBytes(session, asked);
  const path = `manifests/${reference}`;
  const request = readRequest(session, repository, {
    method: 'HEAD',
    path,
    headers: acceptFor(asked),
    signal,
  });
  const response = await session.send({ ...request, damageOf: (read) => pageIn(request, read) });
  if (response.status === 404) return undefined;
  if (response.status === 200) {
    return foundIn(request, { response, reference }) ?? lookAtBytes(session, asked);
  }
  if (!isHeadRefused(response)) return throwResponseError(request, response);
  return session.heads.afterFirst(repository, 'manifests', async () => {
    const reason = session.heads.reasonOf(repository, 'manifests', response);
    if (reason !== undefined) return throwResponseError(request, { ...response, ...reason });
    return lookAtBytes(session, asked, { request, response });
  });
}

/** What the headers of an answer tell. Without a digest they are believed for a digest's sake, where its type is one. */
function foundIn(
  request: HttpRequest,
  { response, reference }: { readonly response: HttpResponse; readonly reference: Reference },
): Found | undefined {
  const mediaType = namedType(response) ?? '';
  const named = digestIn(response);
  if (isDigest(reference) && (named !== undefined || MANIFEST_TYPES.has(mediaType))) {
    return { digest: confirmed(request, { reference, named }), mediaType };
  }
  return named && { digest: named, mediaType };
}

function digestIn({ headers }: HttpResponse): Digest | undefined {
  return parseDigest(headers['docker-content-digest'] ?? '');
}

const MANIFEST_TYPES: ReadonlySet<string> = new Set(ACCEPT_MANIFESTS.split(',').map((type) => type.trim()));

/** A login page or a proxy's notice comes with status 200 as well. */
function pageIn(request: HttpRequest, { headers }: HttpResponse): RegistryError | undefined {
  if (!/^\s*text\/html\b/i.test(headers['content-type'] ?? '')) return undefined;
  return new RegistryError(
    'unexpected',
    `${describeRequest(request)}: the answer is a web page, not a manifest`,
  );
}

function confirmed(
  request: HttpRequest,
  { reference, named }: { reference: Digest; named: Digest | undefined },
): Digest {
  if (named === undefined || named === reference) return reference;
  throw new RegistryError('mismatch', `${describeRequest(request)}: the registry answered with ${named}`);
}

/** A HEAD that was refused: that says nothing of what was asked for. */
interface RefusedHead {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** What a tag or digest stands for by its bytes: a manifest, or what the registry names by the right digest. */
async function lookAtBytes(
  session: Session,
  asked: Lookup,
  refused?: RefusedHead,
): Promise<Found | undefined> {
  const { repository, reference } = asked;
  const request = getRequest(session, asked);
  const response = await session.send({ ...request, damageOf: (read) => damageOf(request, read, reference) });
  const { status } = response;
  if (refused !== undefined && isRefusedToo(refused, response)) {
    const body = tellsReason(status) ? response.body : NOTHING;
    const told = { ...refused.response, body, ...(response.hint !== undefined && { hint: response.hint }) };
    session.heads.learnRefusal(repository, 'manifests', told);
    return throwResponseError(refused.request, told);
  }
  if (status !== 200 && status !== 404) return throwResponseError(request, response);
  if (refused !== undefined) session.heads.learnAnswer(repository, 'manifests');
  return status === 404 ? undefined : foundInBytes(request, response, reference);
}

const NOTHING = new Uint8Array();

/** To those who have no right to look, what is there may be hidden; and their refusal stands where GET says nothing. */
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
    throw new RegistryError('unexpected', `${describeRequest(request)}: ${error.message}`, { cause: error });
  }
  return { digest, mediaType };
}

/** A web page, or bytes that are not what they are named. */
function damageOf(
  request: HttpRequest,
  response: HttpResponse,
  reference: Reference,
): RegistryError | undefined {
  const digest = isDigest(reference) ? reference : digestIn(response);
  if (digest === undefined) return pageIn(request, response);
  return mismatchOf(request, { digest, bytes: response.body, mediaType: mediaTypeOf(response) });
}

function getRequest(session: Session, asked: Lookup): HttpRequest {
  const { repository, reference, signal } = asked;
  const path = `manifests/${reference}`;
  const parts = { method: 'GET', path, headers: acceptFor(asked), maxBodyBytes: MAX_MANIFEST_BYTES } as const;
  return readRequest(session, repository, { ...parts, signal });
}

function acceptFor({ reference }: Lookup): { readonly accept: string } {
  return isDigest(reference) ? ACCEPT : ACCEPT_ANY;
}

/** GET `/v2/<name>/manifests/<digest>`, verified. */
export async function fetchManifest(
  session: Session,
  { digest, ...asked }: Omit<Lookup, 'reference'> & { readonly digest: Digest },
): Promise<RawManifest | undefined> {
  const request = getRequest(session, { ...asked, reference: digest });
  const asManifest = (response: HttpResponse) => {
    return { digest, bytes: response.body, mediaType: mediaTypeOf(response) };
  };
  const response = await session.send({
    ...request,
    damageOf: (read) => mismatchOf(request, asManifest(read)),
  });
  if (response.status === 404) return undefined;
  if (response.status !== 200) return throwResponseError(request, response);
  return asManifest(response);
}

function mismatchOf(request: HttpRequest, manifest: RawManifest): RegistryError | undefined {
  try {
    verifyManifest(manifest);
    return undefined;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return new RegistryError('mismatch', `${describeRequest(request)}: ${error.message}`, { cause: error });
  }
}

/** The Content-Type; where a server sends none of use, what the document says. */
function mediaTypeOf(response: HttpResponse): string {
  return namedType(response) ?? guessMediaType(response.body);
}

/** The Content-Type without its parameters, where it says anything. */
function namedType(response: HttpResponse): string | undefined {
  const [type = ''] = (response.headers['content-type'] ?? '').split(';');
  const named = type.trim().toLowerCase();
  return named === '' || GENERIC.has(named) ? undefined : named;
}

const GENERIC = new Set(['application/json', 'application/octet-stream', 'text/plain', 'text/html']);
