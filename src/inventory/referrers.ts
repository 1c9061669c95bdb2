import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';

/** How registries and the proxies before them answer to what they do not know. */
const UNKNOWN_TO_IT: ReadonlySet<RegistryErrorCode> = new Set(['refused', 'unauthorized', 'unexpected']);

/** Asks for referrers, and a host that has no such list only once. */
export class Referrers {
  readonly #registry: BrowseRegistry;
  readonly #hostsWithout = new Set<string>();

  constructor(registry: BrowseRegistry) {
    this.#registry = registry;
  }

  async of(repository: Repository, digest: Digest, signal: AbortSignal): Promise<readonly Digest[]> {
    const host = hostOf(repository);
    if (this.#hostsWithout.has(host)) return [];
    const referrers = await this.#ask(repository, digest, signal);
    if (referrers === undefined) this.#hostsWithout.add(host);
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
      if (error instanceof RegistryError && UNKNOWN_TO_IT.has(error.code)) return undefined;
      throw error;
    }
  }
}
