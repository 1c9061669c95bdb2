import { getOrMake } from '../../base/maps.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';

/**
 * Remembers by repository whether HEAD requests have found a blob. While they have found none, small blobs are uploaded
 * without a HEAD request. Small blobs wait for the first result.
 */
export class BlobChecks {
  readonly #repositories = new Map<Repository, Checks>();

  /** Sends a HEAD request and remembers its result. */
  async run(repository: Repository, head: () => Promise<boolean>): Promise<boolean> {
    const checks = this.#of(repository);
    const sent = head();
    checks.first ??= sent;
    const isFound = await sent;
    if (isFound) checks.found = 'some';
    else if (checks.found === 'unknown') checks.found = 'none';
    return isFound;
  }

  /** The same for a small blob. Undefined, without a request, while no blob has been found. */
  async runIfWorthwhile(repository: Repository, head: () => Promise<boolean>): Promise<boolean | undefined> {
    const { first } = this.#of(repository);
    if (first === undefined) return this.run(repository, head);
    await first.catch(() => {}); // its own blob reports the failure
    return this.#of(repository).found === 'none' ? undefined : this.run(repository, head);
  }

  #of(repository: Repository): Checks {
    return getOrMake(this.#repositories, repository, (): Checks => ({ first: undefined, found: 'unknown' }));
  }
}

interface Checks {
  first: Promise<boolean> | undefined;
  found: 'unknown' | 'none' | 'some';
}

/**
 * True if the destination reports that it has the blob (HEAD). False if it refuses the request: an identity that may push
 * need not be allowed to pull. Throws if the destination does not answer.
 */
export async function holdsBlob(
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
