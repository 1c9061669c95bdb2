import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Unreadable } from '../ports/unreadable.ts';

/**
 * The observed state: D for everything wanted, S for digests that some destination lacks. The sources include siblings
 * that were queried in place of a source.
 */
export interface Inventory {
  readonly destinations: ReadonlyMap<Repository, DestinationState>;
  readonly sources: ReadonlyMap<SourceKey, SourceState>;
  /** By host: why lost content may exist after all. Unset: no host says so. */
  readonly absences?: ReadonlyMap<string, string>;
}

export type DestinationState = ReadState | Unreadable | NotRead;

/** The run was stopped before all that is needed to decide was read. */
export interface NotRead {
  readonly kind: 'not-read';
}

export interface ReadState {
  readonly kind: 'read';
  /** A listing with digests, or HEAD requests. */
  readonly by: 'listing' | 'head';
  /** False for a repository that seems not to exist, or to be empty. */
  readonly exists: boolean;
  /** False if a digest without a tag there has not been queried: it may exist. */
  readonly complete: boolean;
  /** The wanted tags that exist, with their digests. */
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** The wanted digests that are known to exist. */
  readonly digests: ReadonlySet<Digest>;
}

export type SourceState = { readonly kind: 'present' } | { readonly kind: 'absent' } | Unreadable;

/** A digest in a source repository, `repository@digest`. */
export type SourceKey = `${string}@${string}`;

export function sourceKey(repository: Repository, digest: Digest): SourceKey {
  return `${repository}@${digest}`;
}

export interface InventoryPorts {
  readonly source: ReadRegistry;
  /** The registry for a number of source lookups: one that caches manifests, for example. Default: `source`. */
  readonly sourceFor?: (digests: number) => ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Concurrent queries of each host. The transport limits the requests. */
  readonly workers: number;
}

/** With the destinations read so far. Later queries complete them. */
export type InventoryReading = InventoryPorts & { readonly destinations: Map<Repository, DestinationState> };

/** Readable destination repositories of a host, by how they were queried. */
export interface QueryCounts {
  readonly byListing: number;
  readonly byHead: number;
}

/** By host. */
export function countQueries({ destinations }: Inventory): ReadonlyMap<string, QueryCounts> {
  const hosts = new Map<string, QueryCounts>();
  for (const [repository, state] of destinations) {
    if (state.kind !== 'read') continue;
    const host = hostOf(repository);
    const { byListing, byHead } = hosts.get(host) ?? { byListing: 0, byHead: 0 };
    const isListed = state.by === 'listing';
    hosts.set(host, isListed ? { byListing: byListing + 1, byHead } : { byListing, byHead: byHead + 1 });
  }
  return hosts;
}
