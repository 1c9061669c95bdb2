import type { RegistryName, Repository } from '../image/repository.ts';

/** Settings of a repository of Artifact Registry, which no listing shows. */
export interface RepositoryFacts {
  /** `us-docker.pkg.dev/project/images`: the settings hold for everything below. */
  readonly name: RegistryName;
  /** `docker`, or the format of other packages, such as `maven`. */
  readonly format: string;
  /** A virtual repository refers to others, and a remote one caches another registry: neither can be written to. */
  readonly mode: 'standard' | 'virtual' | 'remote' | 'unknown';
  /** True where a tag, once written, cannot be moved or deleted. */
  readonly immutableTags: boolean;
  /** The names of the policies that delete content, sorted; empty where they are only tried out (dry run). */
  readonly cleanupPolicies: readonly string[];
  /** Milliseconds after its upload at which a tagged digest may be deleted by one of them; undefined if none says so. */
  readonly deletesAfter?: number | undefined;
}

export interface RepositoryFactsReader {
  /**
   * The settings of the host's repository that an image is in; undefined where the host has none, or does not show them
   * to the identity of this repository. Throws only the reason of an aborted signal.
   */
  factsOf(repository: Repository, signal: AbortSignal): Promise<RepositoryFacts | undefined>;
}
