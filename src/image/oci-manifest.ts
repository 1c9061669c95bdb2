import { CodedError } from '../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { Descriptor } from './descriptor.ts';
import { type Digest, matchesDigest, parseDigest } from './digest.ts';
import {
  isBlobType,
  isIndexType,
  isNondistributable,
  isSchema1Type,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts';
import { matchesSchema1Digest } from './schema1.ts';

/** A manifest as a registry serves it: the bytes are kept, so that its digest is kept. */
export interface RawManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** The references of a manifest: a destination must have them before the manifest itself. */
export interface References {
  /** Entries of an index or list, in its order, each digest once. One whose media type is unknown may be a blob. */
  readonly manifests: readonly Descriptor[];
  /**
   * Config, layers or artifact blobs, and the layers and configs that an index lists; in the manifest's order, each
   * digest once. Nondistributable layers with `urls` are left out: a registry need not hold them.
   */
  readonly blobs: readonly Descriptor[];
}

export class ManifestError extends CodedError<
  'manifest-malformed' | 'manifest-confused' | 'manifest-endless' | 'digest-mismatch'
> {}

/**
 * Throws `digest-mismatch` unless the bytes are the manifest that the digest names. Registries do serve damaged
 * manifests under the right `Docker-Content-Digest` header, so the header proves nothing.
 */
export function verifyManifest(manifest: RawManifest): void {
  const matches = isSchema1Type(manifest.mediaType) ? matchesSchema1Digest : matchesDigest;
  if (matches(manifest.bytes, manifest.digest)) return;
  throw new ManifestError(
    'digest-mismatch',
    `the registry served ${manifest.bytes.length} bytes that are not ${manifest.digest}`,
  );
}

/**
 * The references of a manifest.
 *
 * Throws `manifest-malformed` for a document that is no manifest, and `manifest-confused` for one that could be read as
 * two kinds or that contradicts its `Content-Type` (CVE-2021-41190).
 */
export function parseReferences(manifest: RawManifest): References {
  const document = parseObject(manifest);
  if (isSchema1Type(manifest.mediaType)) return { manifests: [], blobs: schema1Layers(document) };
  refuseConfusion(document, manifest.mediaType);
  if (isIndexType(manifest.mediaType)) {
    const entries = unique(descriptors(document, 'manifests', manifest.digest));
    return {
      manifests: entries.filter(({ mediaType }) => !isBlobType(mediaType)),
      blobs: entries.filter(({ mediaType }) => isBlobType(mediaType)),
    };
  }
  if (manifest.mediaType === OCI_ARTIFACT) {
    return { manifests: [], blobs: unique(descriptors(document, 'blobs', manifest.digest)) };
  }
  const config = descriptor(document['config'], `config of ${manifest.digest}`);
  return { manifests: [], blobs: unique([config, ...descriptors(document, 'layers', manifest.digest)]) };
}

/** The limit of manifests and blobs of one image: a thousand times those of any real one. */
const MAX_PARTS = 100_000;

/** Counts the manifests and blobs of an image: nested indexes may have more than a run can request. */
export class ImageSize {
  readonly #root: Digest;
  #parts = 0;

  constructor(root: Digest) {
    this.#root = root;
  }

  /** Throws `manifest-endless` above the limit. */
  add({ manifests, blobs }: References): void {
    this.#parts += manifests.length + blobs.length;
    if (this.#parts <= MAX_PARTS) return;
    const message = `image ${this.#root} leads to more than ${MAX_PARTS} manifests and blobs`;
    throw new ManifestError('manifest-endless', message);
  }
}

/** True for a manifest that `parseReferences` accepts. */
export function isWellFormed(manifest: RawManifest): boolean {
  try {
    parseReferences(manifest);
    return true;
  } catch {
    return false;
  }
}

/** The subject of a manifest, or undefined. @see image-spec manifest.md "subject" */
export function parseSubject(manifest: Pick<RawManifest, 'bytes'>): Digest | undefined {
  const subject = parseJsonObject(manifest.bytes)?.['subject'];
  return isObject(subject) ? parseDigest(textOf(subject['digest'])) : undefined;
}

/** A manifest that names another one as its subject, as a registry or an index lists it. */
export interface Referrer extends Descriptor {
  /** Empty if it is not reported. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** An entry of a list of referrers; undefined without a digest. Other fields may be empty, or `UNKNOWN_SIZE`. */
export function parseReferrer(entry: unknown): Referrer | undefined {
  if (!isObject(entry)) return undefined;
  const { size } = entry;
  const digest = parseDigest(textOf(entry['digest']));
  return (
    digest && {
      mediaType: textOf(entry['mediaType']),
      digest,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : UNKNOWN_SIZE,
      artifactType: textOf(entry['artifactType']),
      annotations: textsOf(entry['annotations']),
    }
  );
}

/** The artifact type of a manifest: its `artifactType`, else the media type of its config. */
export function artifactTypeOf({ bytes }: Pick<RawManifest, 'bytes'>): string {
  const { artifactType, config } = parseJsonObject(bytes) ?? {};
  return textOf(artifactType) || (isObject(config) ? textOf(config['mediaType']) : '');
}

/** The media type of the first layer of a manifest; empty without layers. */
export function layerTypeOf({ bytes }: Pick<RawManifest, 'bytes'>): string {
  const layers = parseJsonObject(bytes)?.['layers'];
  const first: unknown = Array.isArray(layers) ? layers[0] : undefined;
  return isObject(first) ? textOf(first['mediaType']) : '';
}

/** The annotations of a manifest. */
export function annotationsOf({ bytes }: Pick<RawManifest, 'bytes'>): Readonly<Record<string, string>> {
  return textsOf(parseJsonObject(bytes)?.['annotations']);
}

/** The media type of a manifest without a Content-Type: its `mediaType`, else the type that its fields suggest. */
export function guessMediaType(bytes: Uint8Array): string {
  const document = parseJsonObject(bytes) ?? {};
  if (typeof document['mediaType'] === 'string') return document['mediaType'];
  return 'manifests' in document ? OCI_INDEX : OCI_MANIFEST;
}

function parseObject(manifest: RawManifest): JsonObject {
  const document = parseJsonObject(manifest.bytes);
  if (document !== undefined) return document;
  throw new ManifestError('manifest-malformed', `manifest ${manifest.digest} is not a JSON object`);
}

function refuseConfusion(document: JsonObject, contentType: string): void {
  const declared = document['mediaType'];
  if (declared !== undefined && declared !== contentType) {
    throw new ManifestError(
      'manifest-confused',
      `its mediaType is ${quoteText(declared)} but it was served as ${quote(contentType)}`,
    );
  }
  if ('manifests' in document && ('layers' in document || 'config' in document)) {
    throw new ManifestError(
      'manifest-confused',
      'it has both manifests and layers, so it can be read in two ways',
    );
  }
}

function schema1Layers(document: JsonObject): Descriptor[] {
  const layers = Array.isArray(document['fsLayers']) ? (document['fsLayers'] as unknown[]) : [];
  return unique(
    layers.map((layer) => {
      const digest = parseDigest(isObject(layer) ? textOf(layer['blobSum']) : '');
      if (digest === undefined)
        throw new ManifestError('manifest-malformed', 'a schema 1 layer has no valid blobSum');
      return { mediaType: 'application/octet-stream', digest, size: UNKNOWN_SIZE };
    }),
  );
}

/** Schema 1 has no sizes of layers. */
export const UNKNOWN_SIZE = -1;

function descriptors(document: JsonObject, field: string, owner: Digest): Descriptor[] {
  const list = document[field] === null ? [] : document[field]; // Go writes an empty list as null
  if (!Array.isArray(list)) {
    throw new ManifestError('manifest-malformed', `manifest ${owner} has no list of ${field}`);
  }
  return list
    .map((entry: unknown, index) => ({ entry, found: descriptor(entry, `${field}[${index}] of ${owner}`) }))
    .filter(({ entry, found }) => !(isNondistributable(found.mediaType) && hasUrls(entry)))
    .map(({ found }) => found);
}

function hasUrls(entry: unknown): boolean {
  const urls = isObject(entry) ? entry['urls'] : undefined;
  return Array.isArray(urls) && urls.some((url) => textOf(url) !== '');
}

function descriptor(value: unknown, name: string): Descriptor {
  if (!isObject(value)) throw new ManifestError('manifest-malformed', `${name} is not a descriptor`);
  const digest = parseDigest(textOf(value['digest']));
  if (digest === undefined) {
    throw new ManifestError(
      'manifest-malformed',
      `${name} has the malformed digest ${quoteText(value['digest'])}`,
    );
  }
  const { size, mediaType } = value;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ManifestError('manifest-malformed', `${name} has no valid size`);
  }
  return { mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size };
}

/** The fields of an object that are texts. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Empty for anything but a text: the conversion of an object may fail. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function quoteText(value: unknown): string {
  return typeof value === 'string' ? quote(value) : `no text but ${value === null ? 'null' : typeof value}`;
}

function unique(blobs: Descriptor[]): Descriptor[] {
  const first = new Map<Digest, Descriptor>();
  for (const blob of blobs) if (!first.has(blob.digest)) first.set(blob.digest, blob);
  return Array.from(first.values());
}
