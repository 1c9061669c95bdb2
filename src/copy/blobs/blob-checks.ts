import { getOrMake } from '../../base/maps.ts';
import type { Repository } from '../../image/repository.ts';

/**
 * Learns from the HEAD requests for blobs whether a repository has any of those that it gets. While each of them found
 * none, a small blob is sent without one. The first of a repository is awaited, so that its small blobs need no more.
 */
export class BlobChecks {
  readonly #repositories = new Map<Repository, Checks>();

  /** Runs a HEAD request and notes its result. */
  async run(repository: Repository, head: () => Promise<boolean>): Promise<boolean> {
    const checks = this.#of(repository);
    const sent = head();
    checks.first ??= sent;
    const isFound = await sent;
    if (isFound) checks.found = 'some';
    else if (checks.found === 'unknown') checks.found = 'none';
    return isFound;
  }

  /** The same for a small blob; undefined, without a request, while none of the others was found. */
  async runUnlessNone(repository: Repository, head: () => Promise<boolean>): Promise<boolean | undefined> {
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
