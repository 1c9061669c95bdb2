import { type Digest, digestOf, isDigest, parseDigest } from '../../image/digest.ts';
import { ACCEPT_MANIFESTS } from '../../image/media-types.ts';
import {
  guessMediaType,
  ManifestError,
  parseReferences,
  type RawManifest,
  verifyManifest,
} from '../../image/oci-manifest.ts';
import type { Reference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import type { Found } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type HttpResponse, type Slot } from './http.ts';
import { readRequest, type Session } from './session.ts';
import { sendUntilSound } from './sound-answer.ts';

/** The most that registries take, and so the most that is read. @see distribution-spec §"Pushing Manifests" */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface Lookup {
  readonly repository: Repository;
  readonly reference: Reference;
  readonly slot?: Slot;
  readonly signal: AbortSignal;
}

const ACCEPT = { accept: ACCEPT_MANIFESTS };

/** HEAD `/v2/<name>/manifests/<reference>`: its digest. */
export async function resolveManifest(session: Session, asked: Lookup): Promise<Digest | undefined> {
  return (await lookUpManifest(session, asked))?.digest;
}

/** HEAD `/v2/<name>/manifests/<reference>`; a registry that gives no digest is asked for the bytes. */
export async function lookUpManifest(
  session: Session,
  { repository, reference, slot = 'own', signal }: Lookup,
): Promise<Found | undefined> {
  const path = `manifests/${reference}`;
  const request = readRequest(session, repository, { method: 'HEAD', path, headers: ACCEPT, slot, signal });
  const response = await sendUntilSound(session.send, request, (read) => pageIn(request, read));
  if (response.status === 404) return undefined;
  if (response.status !== 200) return refuseAnswer(request, response);
  const mediaType = namedType(response) ?? '';
  const named = parseDigest(response.headers['docker-content-digest'] ?? '');
  if (isDigest(reference) && (named !== undefined || MANIFEST_TYPES.has(mediaType))) {
    return { digest: confirmed(request, { reference, named }), mediaType };
  }
  if (named !== undefined) return { digest: named, mediaType };
  // without a digest in its header an answer is believed for its type, and else for its bytes
  const found = await lookAtBytes(session, asGet(request));
  if (found === undefined || !isDigest(reference)) return found;
  return { ...found, digest: confirmed(request, { reference, named: found.digest }) };
}

function asGet(request: HttpRequest): HttpRequest {
  return { ...request, method: 'GET', maxBodyBytes: MAX_MANIFEST_BYTES };
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

/** What a tag stands for, where the registry does not say it in its header. */
async function lookAtBytes(session: Session, request: HttpRequest): Promise<Found | undefined> {
  const response = await sendUntilSound(session.send, request, (read) => pageIn(request, read));
  if (response.status === 404) return undefined;
  if (response.status !== 200) return refuseAnswer(request, response);
  const digest = digestOf(response.body);
  const mediaType = mediaTypeOf(response);
  parseReferences({ digest, bytes: response.body, mediaType }); // throws for what is no manifest
  return { digest, mediaType };
}

/** GET `/v2/<name>/manifests/<digest>`, verified. */
export async function fetchManifest(
  session: Session,
  { repository, digest, signal }: { repository: Repository; digest: Digest; signal: AbortSignal },
): Promise<RawManifest | undefined> {
  const path = `manifests/${digest}`;
  const request = readRequest(session, repository, {
    method: 'GET',
    path,
    headers: ACCEPT,
    maxBodyBytes: MAX_MANIFEST_BYTES,
    signal,
  });
  const asManifest = (response: HttpResponse) => {
    return { digest, bytes: response.body, mediaType: mediaTypeOf(response) };
  };
  const response = await sendUntilSound(session.send, request, (read) =>
    mismatchOf(request, asManifest(read)),
  );
  if (response.status === 404) return undefined;
  if (response.status !== 200) return refuseAnswer(request, response);
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
