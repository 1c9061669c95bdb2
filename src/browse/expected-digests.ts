import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';

/** A repository, and the name of its image. */
export interface Place {
  readonly repository: Repository;
  readonly name: string;
}

/**
 * The digests that somebody expects at a place: they are asked for by name where the listing tells tags only, so that
 * one without a tag is not taken for missing.
 */
export type ExpectedDigests = (place: Place) => Iterable<Digest>;

export const NO_EXPECTED_DIGESTS: ExpectedDigests = () => [];
