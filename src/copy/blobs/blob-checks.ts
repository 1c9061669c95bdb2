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
    const checks = getOrMake(
      this.#repositories,
      repository,
      (): Checks => ({ first: undefined, found: 'unknown' }),
    );
    const sent = head();
    checks.first ??= sent;
    const isFound = await sent;
    if (isFound) checks.found = 'some';
    else if (checks.found === 'unknown') checks.found = 'none';
    return isFound;
  }

  /** True if blobs of the repository were checked, and none of them exists. */
  async foundNone(repository: Repository): Promise<boolean> {
    const checks = this.#repositories.get(repository);
    if (checks === undefined) return false;
    await checks.first?.catch(() => {}); // its own blob reports the failure
    return checks.found === 'none';
  }
}

interface Checks {
  first: Promise<boolean> | undefined;
  found: 'unknown' | 'none' | 'some';
}
