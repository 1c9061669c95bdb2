import type { Position } from '../base/position.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { ShardIdentity } from './shard.ts';

/**
 * M: everything that the manifests want, grouped by destination repository.
 *
 * There is no object per edge: repositories that want the same images share one `WantList`, and an edge
 * (digest × tag × destination, or digest × destination without a tag) is only counted.
 */
export interface Wanted {
  /** Sorted by repository. */
  readonly repositories: readonly WantedRepository[];
  /** Edges in all repositories, those in conflict included, the same edge counted once. */
  readonly edges: number;
  /** Where this is a part of what the manifests want. */
  readonly shard?: ShardIdentity;
}

export interface WantedRepository {
  readonly repository: Repository;
  readonly list: WantList;
}

/** What is wanted in a repository, after entries that name the same image have been merged. */
export interface WantList {
  /** Sorted by digest; each digest once. */
  readonly wants: readonly Want[];
  /** Tags that are wanted for more than one digest, sorted by tag; no want has them. */
  readonly conflicts: readonly Conflict[];
  readonly edges: number;
}

export interface Want {
  readonly digest: Digest;
  /** Sorted by tag; without those in conflict. */
  readonly tags: readonly WantedTag[];
  /** Where the digest is wanted without a tag; undefined where it is not. */
  readonly tagless: Position | undefined;
  /** Where it may be read from, in the order of the manifests. */
  readonly sources: readonly Repository[];
  /**
   * The repositories that the same manifests want the digest in, this one included, in this shard or another: one that
   * has the digest can stand in for a source. None where that is turned off.
   */
  readonly siblings: readonly Repository[];
}

export interface WantedTag {
  readonly tag: Tag;
  /** Every place that asks for it, the first one first. */
  readonly at: readonly Position[];
}

/** A destination tag that is wanted for different digests: none of them is promoted. */
export interface Conflict {
  readonly tag: Tag;
  /** At least two, sorted by digest. */
  readonly claims: readonly Claim[];
}

export interface Claim {
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  readonly at: readonly Position[];
}
