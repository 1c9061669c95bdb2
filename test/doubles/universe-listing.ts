import type { Want } from '../../src/edges/wanted.ts';
import type { Digest } from '../../src/image/digest.ts';

/** Platforms of an image whose name says none. */
const PLATFORMS = 5;
/** The promoter's images for one platform: they have no children. */
const SINGLE = /-(?:amd64|arm|arm64|ppc64le|s390x)$/;
/** 2022-01-01, and half a day more for each entry. */
const EPOCH = 1_640_995_200_000;
const HALF_A_DAY = 43_200_000;

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** The content of an index that a universe serves. */
export interface ServedIndex {
  readonly body: string;
  readonly children: readonly string[];
}

/**
 * The body of tags/list of a repository in Google's registries that holds these images: every digest with its tags,
 * sizes and times, the children of multi-platform images among them. With `indexes`, these alone have children.
 */
export function googleListingOf(
  name: string,
  wants: readonly Want[],
  indexes?: ReadonlyMap<Digest, ServedIndex>,
): string {
  const isSingle = SINGLE.test(name);
  const childrenOf = (digest: Digest) => {
    if (indexes !== undefined) return indexes.get(digest)?.children ?? [];
    return isSingle ? [] : madeUpChildren(digest);
  };
  const entries: string[] = [];
  const tags: string[] = [];
  for (const want of wants) {
    const names = want.tags.map(({ tag }) => JSON.stringify(tag));
    tags.push(...names);
    const children = childrenOf(want.digest);
    const type = children.length === 0 ? MANIFEST : LIST;
    entries.push(entryOf(want.digest, { number: entries.length, type, names }));
    for (const child of children) {
      entries.push(entryOf(child, { number: entries.length, type: MANIFEST, names: [] }));
    }
  }
  return `{"child":[],"manifest":{${entries.join()}},"name":${JSON.stringify(name)},"tags":[${tags.join()}]}`;
}

function entryOf(
  digest: string,
  { number, type, names }: { number: number; type: string; names: readonly string[] },
): string {
  const time = EPOCH + number * HALF_A_DAY;
  return (
    `"${digest}":{"imageSizeBytes":"${20_000_000 + number}","layerId":"","mediaType":"${type}",` +
    `"tag":[${names.join()}],"timeCreatedMs":"${time}","timeUploadedMs":"${time + 60_000}"}`
  );
}

/** An index of made-up children: its digest is that of its body, so that a client may read it. */
export function makeIndex(seed: Digest): ServedIndex {
  const children = madeUpChildren(seed);
  const manifests = children.map((digest) => ({ mediaType: MANIFEST, digest, size: 500 }));
  return { children, body: JSON.stringify({ schemaVersion: 2, mediaType: LIST, manifests }) };
}

function madeUpChildren(digest: Digest): readonly string[] {
  return Array.from({ length: PLATFORMS }, (_, platform) => childOf(digest, platform + 1));
}

/** Another digest, and always the same. */
function childOf(digest: Digest, platform: number): string {
  const hex = digest.slice('sha256:'.length);
  return `sha256:${hex.slice(platform * 8)}${hex.slice(0, platform * 8)}`;
}
