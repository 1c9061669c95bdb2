import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { DestinationState } from '../../inventory/inventory.ts';
import type { Unreadable } from '../../ports/unreadable.ts';

/** The observed state of one destination repository. */
export interface Observation {
  /** The queried repository; undefined if there is none to query. */
  readonly asked: Repository | undefined;
  readonly state: DestinationState;
  /** Digests that exist by name, but lack some of their content. */
  readonly flaws: ReadonlyMap<Digest, Flaw>;
  /** Digests that exist by name, and whose content is not checked yet. */
  readonly unchecked: ReadonlySet<Digest>;
}

/** `repaired` was flawed before the repair. */
export type Flaw = { readonly kind: 'incomplete' | 'repaired'; readonly reason: string } | Unreadable;

/** By destination. A destination without an observation was not read before the run was stopped. */
export type Observations = ReadonlyMap<Repository, Observation>;
