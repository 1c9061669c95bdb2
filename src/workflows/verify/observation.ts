import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { DestinationState } from '../../inventory/inventory.ts';
import type { Unreadable } from '../../ports/unreadable.ts';

/** What was seen of what one destination repository should hold. */
export interface Observation {
  /** Where the questions went; undefined where none could be asked. */
  readonly asked: Repository | undefined;
  readonly state: DestinationState;
  /** Of digests whose name is there, those whose content is not. */
  readonly flaws: ReadonlyMap<Digest, Flaw>;
  /** Digests whose name is there, and whose content has not been looked at yet, though it is to be. */
  readonly unseen: ReadonlySet<Digest>;
}

/** `repaired` is what was flawed until it was sent again. */
export type Flaw = { readonly kind: 'incomplete' | 'repaired'; readonly reason: string } | Unreadable;

/** By destination; one without an observation was not read before the run was stopped. */
export type Observations = ReadonlyMap<Repository, Observation>;
