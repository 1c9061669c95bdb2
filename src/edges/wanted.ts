import type { Position } from '../base/position.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { ShardIdentity } from './shard.ts';

/**
 * M, the desired state: the images that the manifests want, by destination repository.
 *
 * There is no object per edge: repositories that want the same images share one `WantList`, and an edge
 * (digest × tag × destination, or digest × destination without a tag) is only counted.
 */
export interface Wanted {
  /** Sorted by repository. */
  readonly repositories: readonly WantedRepository[];
  /** Edges in all repositories, those in conflict included, the same edge counted once. */
  readonly edges: number;
  /** Set where this is one shard of the desired state. */
  readonly shard?: ShardIdentity;
}

export interface WantedRepository {
  readonly repository: Repository;
  readonly list: WantList;
}

/** The images wanted in a repository, after the entries of the same image have been merged. */
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
  /** Position of the entry that wants the digest without a tag; undefined where none does. */
  readonly tagless: Position | undefined;
  /** Source repositories, in the order of the manifests. */
  readonly sources: readonly Repository[];
  /**
   * The repositories where the same manifests want the digest, this one included, in this shard or another. One that
   * has the digest can replace a source. Empty where that is turned off.
   */
  readonly siblings: readonly Repository[];
}

export interface WantedTag {
  readonly tag: Tag;
  /** Positions of the entries that ask for it, in their order. */
  readonly at: readonly Position[];
}

/** A destination tag that is wanted for several digests: none of them is promoted. */
export interface Conflict {
  readonly tag: Tag;
  /** Sorted by digest; with the known ones at least two. */
  readonly claims: readonly TagClaim[];
  /** The claims of other edges than those of the run, where it is limited to changes. */
  readonly known?: readonly TagClaim[];
}

export interface TagClaim {
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  readonly at: readonly Position[];
}
