import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Unreadable } from '../ports/unreadable.ts';

/**
 * What was seen at the registries: D for everything wanted, S for what some destination lacks. Among the sources are
 * siblings that are no destination of the run, where these were asked.
 */
export interface Inventory {
  readonly destinations: ReadonlyMap<Repository, DestinationState>;
  readonly sources: ReadonlyMap<SourceKey, SourceState>;
  /** Of what is lost, by host: why it may be there all the same. Unset: nothing says so. */
  readonly absences?: ReadonlyMap<string, string>;
}

export type DestinationState = ReadState | Unreadable;

export interface ReadState {
  readonly kind: 'read';
  /** A listing that told digests, or a HEAD for each question. */
  readonly by: 'listing' | 'head';
  /** False where there seems to be no such repository, or nothing in it: its listing will be short. */
  readonly exists: boolean;
  /** False where a digest whose tags are absent has not been asked for: it may be there. */
  readonly complete: boolean;
  /** The digests of the wanted tags that are there. */
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** Of the wanted digests, those that are there; more may be. */
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
  /** The registry to look up so many digests of sources in: one that keeps their manifests, say. Default: `source`. */
  readonly sourceFor?: (digests: number) => ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Repositories asked at a time at each host; the transport bounds the requests. */
  readonly workers: number;
}

/** Destinations as they have been read so far: more is learned of them as it is needed. */
export type InventoryReading = InventoryPorts & { readonly destinations: Map<Repository, DestinationState> };
