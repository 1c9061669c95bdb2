import type { Digest } from '../image/digest.ts';
import type { Referrer } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** Statuses besides 404 for an unknown API. 401 and 403 do not say whether the API exists. */
const NO_SUCH_LIST: ReadonlySet<number | undefined> = new Set([400, 405, 406, 501]);

/**
 * Reads referrers, and only once from a repository without the API: the first request of a repository is a probe, and
 * the others wait for it. One host may stand for several registries, so each repository counts by itself. A repository
 * that has answered once has the API: a later refusal is an error, because an empty list would hide existing referrers.
 */
export class Referrers {
  readonly #registry: BrowseRegistry;
  readonly #with = new Set<Repository>();
  readonly #without = new Set<Repository>();
  readonly #probes = new Map<Repository, Promise<unknown>>();

  constructor(registry: BrowseRegistry) {
    this.#registry = registry;
  }

  /** Undefined without the API. Throws a `RegistryError` if a repository neither returns the list nor lacks the API. */
  async of(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined> {
    const probe = this.#probes.get(repository);
    if (probe === undefined) {
      const sent = this.#askAndLearn(repository, digest, signal);
      this.#probes.set(repository, sent);
      return sent;
    }
    await probe.catch(() => {}); // the caller of the probe reports its failure
    return this.#without.has(repository) ? undefined : this.#askAndLearn(repository, digest, signal);
  }

  async #askAndLearn(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined> {
    const referrers = await this.#ask(repository, digest, signal);
    if (referrers !== undefined) this.#with.add(repository);
    else if (!this.#with.has(repository)) this.#without.add(repository);
    return referrers;
  }

  async #ask(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined> {
    try {
      return await this.#registry.referrers(repository, digest, signal);
    } catch (error) {
      const isKnown = this.#with.has(repository);
      if (!isKnown && error instanceof RegistryError && NO_SUCH_LIST.has(error.status)) return undefined;
      throw error;
    }
  }
}
