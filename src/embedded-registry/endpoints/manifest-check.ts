import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { type Digest, isDigest, matchesDigest } from '../../image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isManifestType,
  isSchema1Type,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../image/media-types.ts';
import { guessMediaType, parseReferences, type References } from '../../image/oci-manifest.ts';
import type { Backend } from '../handler.ts';
import { Refusal } from '../errors.ts';
import { canonicalDigest } from '../storage/schema1-digest.ts';

export interface PushedManifest {
  readonly repository: string;
  readonly reference: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * Throws unless the manifest may be stored: `MANIFEST_INVALID` for another content or another type than declared,
 * `DIGEST_INVALID` if the bytes do not match the reference, and `MANIFEST_BLOB_UNKNOWN`, with one error for each
 * missing digest, if validation is strict.
 */
export function checkManifest(pushed: PushedManifest, backend: Backend): void {
  checkType(pushed);
  const references = readReferences(pushed);
  checkDigest(pushed);
  if (backend.settings.validation === 'strict') checkPresence(pushed.repository, references, backend);
}

const DOCKER_TYPES: readonly string[] = [DOCKER_MANIFEST, DOCKER_LIST];
const OCI_TYPES: readonly string[] = [OCI_MANIFEST, OCI_INDEX, OCI_ARTIFACT];

function checkType({ mediaType, bytes }: PushedManifest): void {
  if (isSchema1Type(mediaType) || OCI_TYPES.includes(mediaType)) return;
  // Docker's registry requires the mediaType field in manifests of its types: Content-Type is not enough
  if (DOCKER_TYPES.includes(mediaType) && guessMediaType(bytes) === mediaType) return;
  const declared = quote(guessMediaType(bytes));
  throw new Refusal(
    'MANIFEST_INVALID',
    `content type ${quote(mediaType)} is not known or not that of ${declared}`,
  );
}

function readReferences({ reference, mediaType, bytes }: PushedManifest): References {
  const digest = isDigest(reference) ? reference : canonicalDigest(mediaType, bytes);
  try {
    return parseReferences({ mediaType, bytes, digest });
  } catch (error) {
    throw new Refusal('MANIFEST_INVALID', messageOf(error));
  }
}

function checkDigest({ reference, mediaType, bytes }: PushedManifest): void {
  if (!isDigest(reference) || matchesDigest(bytes, reference)) return;
  if (isSchema1Type(mediaType) && canonicalDigest(mediaType, bytes) === reference) return;
  const message = 'provided digest did not match uploaded content';
  throw new Refusal('DIGEST_INVALID', message, { details: [{ digest: reference }] });
}

function checkPresence(repository: string, { blobs, manifests }: References, backend: Backend): void {
  const { store, settings } = backend;
  const missing: Digest[] = [];
  for (const { digest, mediaType } of manifests) {
    const isBlob = !isManifestType(mediaType) && store.hasBlob(repository, digest);
    if (!isBlob && store.manifest(repository, digest) === undefined) missing.push(digest);
  }
  for (const { digest } of blobs) {
    if (!store.hasBlob(repository, digest)) missing.push(digest);
  }
  if (missing.length === 0) return;
  const details = settings.missingDetail === 'text' ? missing : missing.map((digest) => ({ digest }));
  throw new Refusal('MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry', { details });
}
