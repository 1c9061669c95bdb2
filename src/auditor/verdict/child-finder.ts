import { forEachConcurrently, untilAborted } from '../../base/concurrency.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { isIndexType } from '../../image/media-types.ts';
import { parseReferences, type RawManifest } from '../../image/oci-manifest.ts';
import { parseRepository, type Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { AllowedDigest, AllowedDigests } from './allowed-images.ts';
import { BoundedCache } from './bounded-cache.ts';

/** Requests for indexes in flight for one event. */
const WORKERS = 16;
/** Depth of nested indexes; real ones have two. */
const MAX_DEPTH = 8;
/** Manifests whose children are remembered: several times those of any real set of manifests. */
const MAX_REMEMBERED = 100_000;

interface Children {
  readonly all: readonly Digest[];
  /** Those that are indexes, or may be. */
  readonly nested: readonly Digest[];
}

const NO_CHILDREN: Children = { all: [], nested: [] };

/**
 * Finds the allowed index that a digest is a child of, at any depth. Content behind a digest never changes, so each index
 * is read once.
 */
export class ChildFinder {
  readonly #registry: ReadRegistry;
  readonly #signal: AbortSignal;
  readonly #children = new BoundedCache<string, Children>(MAX_REMEMBERED);

  /** `signal` ends all reads: one that several events wait for goes on when the first of them gives up. */
  constructor(registry: ReadRegistry, signal: AbortSignal) {
    this.#registry = registry;
    this.#signal = signal;
  }

  /**
   * The allowed parent of a digest, or undefined. Known indexes are searched first. Throws a `RegistryError` if an index
   * cannot be read and no other one has the child.
   */
  async parentOf(
    child: string,
    { repository, allowed }: { readonly repository: string; readonly allowed: AllowedDigests },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    for (const [digest] of allowed) if (this.#isKnownChild(child, digest, MAX_DEPTH)) return digest;
    let parent: string | undefined;
    let failure: unknown;
    await forEachConcurrently(allowed, { workers: WORKERS, signal }, async ([digest, { sources }]) => {
      if (parent !== undefined) return;
      try {
        const places = { sources, repository };
        if (await this.#isChild(child, { digest, places, depth: MAX_DEPTH }, signal)) parent = digest;
      } catch (error) {
        if (signal.aborted) throw error;
        failure ??= error;
      }
    });
    if (parent === undefined && failure !== undefined) throw failure;
    return parent;
  }

  #isKnownChild(child: string, parent: string, depth: number): boolean {
    const { all, nested } = this.#children.known(parent) ?? NO_CHILDREN;
    if (all.some((one) => one === child)) return true;
    return depth > 1 && nested.some((one) => this.#isKnownChild(child, one, depth - 1));
  }

  async #isChild(
    child: string,
    { digest, places, depth }: { readonly digest: string; readonly places: Places; readonly depth: number },
    signal: AbortSignal,
  ): Promise<boolean> {
    const parent = parseDigest(digest);
    if (parent === undefined || depth === 0) return false;
    const reading = this.#children.get(parent, () => this.#readChildren(parent, places));
    const { all, nested } = (await untilAborted(reading, signal)) ?? NO_CHILDREN;
    if (all.some((one) => one === child)) return true;
    for (const one of nested) {
      // oxlint-disable-next-line no-await-in-loop -- nested indexes are few
      if (await this.#isChild(child, { digest: one, places, depth: depth - 1 }, signal)) return true;
    }
    return false;
  }

  /** The entries of an index; none for a manifest that is no index, or that neither source nor destination has. */
  async #readChildren(digest: Digest, { sources, repository }: Places): Promise<Children | undefined> {
    const manifest =
      (await this.#readFromSource(digest, sources)) ?? (await this.#readFromDestination(digest, repository));
    if (manifest === undefined) return undefined;
    if (!isIndexType(manifest.mediaType)) return NO_CHILDREN;
    const { manifests } = parseReferences(manifest);
    const mayBeIndex = manifests.filter(({ mediaType }) => mediaType === '' || isIndexType(mediaType));
    return { all: manifests.map(digestIn), nested: mayBeIndex.map(digestIn) };
  }

  async #readFromSource(digest: Digest, sources: readonly Repository[]): Promise<RawManifest | undefined> {
    let failure: unknown;
    for (const source of sources) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- another source is read only where this one lacks it
        const manifest = await this.#registry.fetchManifest(source, digest, this.#signal);
        if (manifest !== undefined) return manifest;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /** A destination that no connection reaches has no say: the sources decide. */
  async #readFromDestination(digest: Digest, repository: string): Promise<RawManifest | undefined> {
    const destination = parseRepository(repository);
    if (destination === undefined) return undefined;
    return await orUnreached(this.#registry.fetchManifest(destination, digest, this.#signal));
  }
}

function digestIn({ digest }: Descriptor): Digest {
  return digest;
}

interface Places {
  readonly sources: AllowedDigest['sources'];
  readonly repository: string;
}

/** Undefined for a registry that no connection reaches: the auditor may have no route to production. */
export async function orUnreached<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'unreachable') return undefined;
    throw error;
  }
}
