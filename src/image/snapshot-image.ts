import { sortedBy } from '../base/sorted.ts';
import type { Digest } from './digest.ts';
import type { Tag } from './tag.ts';

/** One image of a snapshot, from a registry or from manifests. */
export interface SnapshotImage {
  /** Relative to the registry. */
  readonly name: string;
  /** Sorted by digest, each once; at least one. */
  readonly digests: readonly SnapshotDigest[];
}

export interface SnapshotDigest {
  readonly digest: Digest;
  /** Sorted, each once; empty for an untagged digest. */
  readonly tags: readonly Tag[];
}

/** The image with these digests, in the order of snapshots. Undefined without digests. */
export function makeSnapshotImage(
  name: string,
  digests: ReadonlyMap<Digest, Iterable<Tag>>,
): SnapshotImage | undefined {
  if (digests.size === 0) return undefined;
  const entries = Array.from(digests, ([digest, tags]) => ({
    digest,
    tags: Array.from(new Set(tags)).toSorted(),
  }));
  return { name, digests: sortedBy(entries, ({ digest }) => digest) };
}
