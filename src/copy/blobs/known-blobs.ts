import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';

/** What a run has learned about the blobs of its destination hosts. */
export class KnownBlobs {
  readonly #places = new Map<string, Repository>();

  /** Some repository of the host that is known to have the blob. */
  placeOf(host: string, digest: Digest): Repository | undefined {
    return this.#places.get(`${host} ${digest}`);
  }

  remember(repository: Repository, digest: Digest): void {
    const key = `${hostOf(repository)} ${digest}`;
    if (!this.#places.has(key)) this.#places.set(key, repository);
  }
}

/**
 * True where a destination says that it has the blob. One that refuses to say may still take it: an identity that may
 * push need not be one that may pull. Throws where it gives no answer.
 */
export async function isKnownBlob(
  registry: ReadRegistry,
  { destination, blob }: { readonly destination: Repository; readonly blob: Descriptor },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await registry.hasBlob(destination, blob, signal);
  } catch (error) {
    if (error instanceof RegistryError && !error.temporary && error.code !== 'unreachable') return false;
    throw error;
  }
}
