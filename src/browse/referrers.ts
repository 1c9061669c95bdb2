import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** What registries besides 404 answer to a request that they do not know; 401 and 403 say nothing of what they know. */
const NO_SUCH_LIST: ReadonlySet<number | undefined> = new Set([400, 405, 406, 501]);

/**
 * Asks for referrers, and a repository that has no such list only once. One host may stand for several registries, and
 * which of its repositories is asked first is chance: so what one answers says nothing of another. A repository that
 * has told some has the list: when it refuses another question something is wrong, and to take that for an empty list
 * would lose what it holds.
 */
export class Referrers {
  readonly #registry: BrowseRegistry;
  readonly #with = new Set<Repository>();
  readonly #without = new Set<Repository>();

  constructor(registry: BrowseRegistry) {
    this.#registry = registry;
  }

  /** Throws a `RegistryError` where a repository does not give the list, and does not say either that it has none. */
  async of(repository: Repository, digest: Digest, signal: AbortSignal): Promise<readonly Digest[]> {
    if (this.#without.has(repository)) return [];
    const referrers = await this.#ask(repository, digest, signal);
    if (referrers !== undefined) this.#with.add(repository);
    else if (!this.#with.has(repository)) this.#without.add(repository);
    return referrers ?? [];
  }

  async #ask(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Digest[] | undefined> {
    try {
      return await this.#registry.referrers(repository, digest, signal);
    } catch (error) {
      const isKnown = this.#with.has(repository);
      if (!isKnown && error instanceof RegistryError && NO_SUCH_LIST.has(error.status)) return undefined;
      throw error;
    }
  }
}
