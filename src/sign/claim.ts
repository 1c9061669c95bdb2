import type { Repository } from '../image/repository.ts';
import type { MissingPart } from './signing.ts';

/**
 * Something signed that destinations are to have beside an image. `examine` and `store` share what they find: a copy at
 * one destination serves the others, so that nothing is signed that some destination has.
 */
export interface Claim {
  readonly part: MissingPart;
  /** True if a valid one of the identity is there. */
  examine(repository: Repository, signal: AbortSignal): Promise<boolean>;
  /** Stores it, once every destination has been examined. Signs it if no destination has it. */
  store(repository: Repository, signal: AbortSignal): Promise<void>;
}

/** A claim on an image, and those on its children. */
export interface ClaimGroup {
  /** Where it is to be stored. */
  readonly places: readonly Repository[];
  /** Stored after those of the children, so that its presence shows theirs. */
  readonly root: Claim;
  readonly children: () => Promise<readonly Claim[]>;
}
