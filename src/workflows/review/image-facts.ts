import { isObject, type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { countOf, oneLine, quote } from '../../base/text.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { isIndexType, isManifestType, isSchema1Type } from '../../image/media-types.ts';
import { parseReferences, type RawManifest, UNKNOWN_SIZE } from '../../image/oci-manifest.ts';

export type Annotations = ReadonlyMap<string, string>;

/** An entry of an index with a platform, or a manifest by itself. */
export interface PlatformEntry {
  /** `linux/amd64`; undefined for a manifest by itself. */
  readonly name: string | undefined;
  readonly digest: Digest;
}

/** The content of an index. A manifest by itself is its only platform. */
export interface ImageContent {
  /** In the order of the index. */
  readonly platforms: readonly PlatformEntry[];
  /** BuildKit's attestations, by the manifest that they describe. */
  readonly attestations: ReadonlyMap<Digest, Digest>;
  readonly annotations: Annotations;
  /** Parts that cannot be compared, with reasons. */
  readonly unknown: readonly string[];
}

/** The manifest of one platform. */
export interface ManifestFacts {
  /** Compressed bytes of config and layers; undefined for a manifest without sizes. */
  readonly size: number | undefined;
  /** Undefined for a manifest without a config. */
  readonly config: Descriptor | undefined;
  readonly annotations: Annotations;
}

/** More platforms than any real image has. */
const MAX_PLATFORMS = 40;

/** The platforms of a manifest or index. Throws a `ManifestError` for a malformed one. */
export function parseContent(manifest: RawManifest): ImageContent {
  const { manifests } = parseReferences(manifest);
  const document = parseJsonObject(manifest.bytes) ?? {};
  const annotations = annotationsOf(document);
  if (!isIndexType(manifest.mediaType)) {
    const only = { name: undefined, digest: manifest.digest };
    return { platforms: [only], attestations: new Map(), annotations, unknown: [] };
  }
  const isChild = new Set(manifests.map(({ digest }) => digest));
  const platforms: PlatformEntry[] = [];
  const attestations = new Map<Digest, Digest>();
  const others: string[] = [];
  for (const entry of entriesOf(document)) {
    const digest = parseDigest(textOf(entry, 'digest') ?? '');
    if (digest === undefined || !isChild.delete(digest)) continue; // not a manifest, or listed before
    const subject = attestationSubject(entry);
    const type = textOf(entry, 'mediaType') ?? '';
    if (subject !== undefined) attestations.set(subject, digest);
    else if (isIndexType(type) || !isManifestType(type)) others.push(type);
    else platforms.push({ name: platformName(entry['platform']), digest });
  }
  const left = platforms.length - MAX_PLATFORMS;
  return {
    platforms: withUniqueNames(platforms.slice(0, MAX_PLATFORMS)),
    attestations,
    annotations,
    unknown: [
      ...(others.length > 0
        ? [`${countOf(others.length, 'manifest')} in its index of type ${quote(others[0] ?? '')} not read`]
        : []),
      ...(left > 0 ? [`${countOf(left, 'platform')} beyond the first ${MAX_PLATFORMS} not read`] : []),
    ],
  };
}

/** Size, config and annotations of a manifest. Throws a `ManifestError` for a malformed one. */
export function parseManifestFacts(manifest: RawManifest): ManifestFacts {
  const { blobs } = parseReferences(manifest);
  if (isSchema1Type(manifest.mediaType))
    return { size: undefined, config: undefined, annotations: new Map() };
  const document = parseJsonObject(manifest.bytes) ?? {};
  const size = blobs.reduce((sum, blob) => sum + Math.max(0, blob.size), 0);
  const named = isObject(document['config']) ? document['config']['digest'] : undefined;
  const config = blobs.find(({ digest, size: bytes }) => digest === named && bytes !== UNKNOWN_SIZE);
  return { size, config, annotations: annotationsOf(document) };
}

/** `os/architecture/variant`, for Windows with `os.version` without the monthly update. */
export function platformName(platform: unknown): string {
  if (!isObject(platform)) return 'no platform';
  const parts = ['os', 'architecture', 'variant'].map((field) => textOf(platform, field) ?? '');
  const name = parts.filter((part) => part !== '').join('/');
  const [version] = /^\d{1,5}\.\d{1,5}\.\d{1,9}/.exec(textOf(platform, 'os.version') ?? '') ?? [];
  return oneLine(version === undefined ? name || 'no platform' : `${name} ${version}`, MAX_NAME);
}

const MAX_NAME = 60;

function withUniqueNames(platforms: readonly PlatformEntry[]): readonly PlatformEntry[] {
  const counts = new Map<string | undefined, number>();
  return platforms.map(({ name, digest }) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return { name: count === 1 ? name : `${name} #${count}`, digest };
  });
}

/** The manifest that an entry of a BuildKit index attests. @see https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
function attestationSubject(entry: JsonObject): Digest | undefined {
  const annotations = annotationsOf(entry);
  if (annotations.get('vnd.docker.reference.type') !== 'attestation-manifest') return undefined;
  return parseDigest(annotations.get('vnd.docker.reference.digest') ?? '');
}

function entriesOf(document: JsonObject): readonly JsonObject[] {
  const entries = document['manifests'];
  return Array.isArray(entries) ? entries.filter(isObject) : [];
}

/** The annotations of a manifest or descriptor that are strings. */
export function annotationsOf(document: JsonObject): Annotations {
  const annotations = isObject(document['annotations']) ? document['annotations'] : {};
  return new Map(Object.entries(annotations).filter((entry): entry is [string, string] => isText(entry[1])));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
