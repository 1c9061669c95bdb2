import type { Repository } from '../image/repository.ts';
import type { MissingPart } from './signing.ts';

/**
 * A signature or attestation that an image needs at its destinations. `examine` keeps a valid one for `store`: a signature
 * at one destination is copied to the others, not made again.
 */
export interface Claim {
  readonly part: MissingPart;
  /** True if the repository has a valid one by the identity of the run. */
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
