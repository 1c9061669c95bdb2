import type { Digest } from '../image/digest.ts';
import type { RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/** Reads everything in a registry at once, where its host has a way of its own to tell that. */
export interface WholeRegistryReader {
  /** True for a registry that `read` knows how to ask for; of others it must not be asked. */
  canRead(registry: RegistryName): boolean;

  /**
   * Every manifest in the registry, each once, in no order, a page of the host's at a time. Throws `RegistryError`
   * where the host does not answer to the end, and what the signal carries when it is aborted.
   */
  read(
    registry: RegistryName,
    signal: AbortSignal,
  ): AsyncGenerator<readonly RegistryEntry[], void, undefined>;
}

/** A manifest in some repository. */
export interface RegistryEntry {
  readonly repository: Repository;
  readonly digest: Digest;
  /** None of a child, or of what has lost its tags. */
  readonly tags: readonly Tag[];
  /** Empty where the host does not say it. */
  readonly mediaType: string;
  /** The manifests that an index lists, as far as the host tells them; empty of anything else. */
  readonly children: readonly Digest[];
}
