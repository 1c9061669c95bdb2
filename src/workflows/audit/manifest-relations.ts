import { SingleFlight } from '../../base/single-flight.ts';
import type { Digest } from '../../image/digest.ts';
import { ManifestError, parseReferences, parseSubject, type RawManifest } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';

/** The manifests that a manifest refers to. */
export interface Relations {
  /** Of an index; empty for others. */
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
}

/** Reads relations of manifests. Content is immutable, so each manifest is read once, whatever repositories have it. */
export class ManifestRelations {
  readonly #registry: ReadRegistry;
  readonly #known = new SingleFlight<Digest, Relations>();

  constructor(registry: ReadRegistry) {
    this.#registry = registry;
  }

  /**
   * The relations of a manifest, read from the first of the repositories that has it; undefined if none has. Throws the
   * errors of the registry.
   */
  async of(
    digest: Digest,
    repositories: readonly Repository[],
    signal: AbortSignal,
  ): Promise<Relations | undefined> {
    const read = () => this.#read(digest, repositories, signal);
    return await this.#known.runAfter(digest, read).catch((error: unknown) => {
      if (error === ABSENT) return undefined;
      throw error;
    });
  }

  async #read(digest: Digest, repositories: readonly Repository[], signal: AbortSignal): Promise<Relations> {
    for (const repository of repositories) {
      const manifest = await this.#registry.fetchManifest(repository, digest, signal);
      if (manifest !== undefined) return relationsOf(manifest);
    }
    throw ABSENT; // a failure is not remembered: another repository may have it
  }
}

const ABSENT = new Error('no repository has the manifest');

/** A manifest that cannot be parsed has no children. */
function relationsOf(manifest: RawManifest): Relations {
  const subject = parseSubject(manifest);
  try {
    return { children: parseReferences(manifest).manifests.map(({ digest }) => digest), subject };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return { children: [], subject };
  }
}
