import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';

/** How registries and the proxies before them answer to what they do not know. */
const UNKNOWN_TO_IT: ReadonlySet<RegistryErrorCode> = new Set(['refused', 'unauthorized', 'unexpected']);

/**
 * Asks for referrers, and a host that has no such list only once. A host that has given one has it: when it refuses
 * another question something is wrong, and to take that for an empty list would lose what it holds.
 */
export class Referrers {
  readonly #registry: BrowseRegistry;
  readonly #hostsWith = new Set<string>();
  readonly #hostsWithout = new Set<string>();

  constructor(registry: BrowseRegistry) {
    this.#registry = registry;
  }

  /** Throws a `RegistryError` where a host that has the list does not give it. */
  async of(repository: Repository, digest: Digest, signal: AbortSignal): Promise<readonly Digest[]> {
    const host = hostOf(repository);
    if (this.#hostsWithout.has(host)) return [];
    const referrers = await this.#ask(repository, digest, signal);
    if (referrers !== undefined) this.#hostsWith.add(host);
    else if (!this.#hostsWith.has(host)) this.#hostsWithout.add(host);
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
      const isKnown = this.#hostsWith.has(hostOf(repository));
      if (!isKnown && error instanceof RegistryError && UNKNOWN_TO_IT.has(error.code)) return undefined;
      throw error;
    }
  }
}
