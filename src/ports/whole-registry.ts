import type { Digest } from '../image/digest.ts';
import type { RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/** Reads a whole registry, for hosts with an API of their own for that. */
export interface WholeRegistryReader {
  /** True for a registry that `read` supports; it must not be called for others. */
  canRead(registry: RegistryName): boolean;

  /**
   * Every manifest in the registry, each once, in no order, a page of the host's at a time. Throws `RegistryError`
   * for an incomplete answer, and the reason of an aborted signal.
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
  /** Empty for a child, and for an image that has lost its tags. */
  readonly tags: readonly Tag[];
  /** Empty if the host does not report it. */
  readonly mediaType: string;
  /** The manifests of an index, as far as the host lists them; empty for others. */
  readonly children: readonly Digest[];
}
