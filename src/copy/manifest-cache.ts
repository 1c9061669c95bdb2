import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';

/** Bytes of all cached manifests: those of 8,000 images with five platforms. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * A registry whose manifests are read once, however many destinations want them: content is addressed by its digest,
 * so any repository will do. A lookup of a digest reads the manifest, because a copy of it follows. A manifest that was
 * read elsewhere says nothing of the repository, so then the digest is only looked up.
 *
 * The cache holds `maxBytes`. A run that reads more reads the manifests again that were used longest ago.
 */
export function cacheManifests(registry: ReadRegistry, { maxBytes = MAX_BYTES } = {}): ReadRegistry {
  const cache = new LruCache(maxBytes);
  const inFlight = new SingleFlight<Digest, CachedManifest | undefined>();

  async function read(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<CachedManifest | undefined> {
    const known = cache.get(digest);
    if (known !== undefined) return known;
    // a failure or an absence elsewhere says nothing of this repository
    for (let other = inFlight.get(digest); other !== undefined; other = inFlight.get(digest)) {
      const cached = await other.catch(() => undefined);
      if (cached !== undefined) return cached;
    }
    return inFlight.run(digest, async () => {
      const manifest = await registry.fetchManifest(repository, digest, signal);
      const cached = manifest && { repository, manifest };
      if (cached !== undefined) cache.add(cached);
      inFlight.forget(digest);
      return cached;
    });
  }

  return {
    explainAbsence: async (repository, signal) => registry.explainAbsence?.(repository, signal),
    uploadTimes: async (repository, signal) =>
      (await registry.uploadTimes?.(repository, signal)) ?? new Map(),
    fetchManifest: async (repository, digest, signal) => (await read(repository, digest, signal))?.manifest,
    resolve: async (repository, reference, signal) => {
      if (!isDigest(reference)) return registry.resolve(repository, reference, signal);
      const cached = await read(repository, reference, signal);
      if (cached === undefined || cached.repository === repository) return cached?.manifest.digest;
      return registry.resolve(repository, reference, signal);
    },
    list: (repository, signal) => registry.list(repository, signal),
    readList: (repository, read, signal) => registry.readList(repository, read, signal),
    hasBlob: (repository, blob, signal) => registry.hasBlob(repository, blob, signal),
    openBlob: (repository, blob, signal) => registry.openBlob(repository, blob, signal),
    checkBlob: (repository, check, signal) => registry.checkBlob(repository, check, signal),
  };
}

/** A manifest, and the repository that it was read from. */
interface CachedManifest {
  readonly repository: Repository;
  readonly manifest: RawManifest;
}

/** Bytes of an entry besides those of the manifest: texts, objects, the place in the map. */
const OVERHEAD = 500;

class LruCache {
  readonly #maxBytes: number;
  /** The least recently used entry comes first. */
  readonly #entries = new Map<Digest, CachedManifest>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): CachedManifest | undefined {
    const cached = this.#entries.get(digest);
    if (cached === undefined) return undefined;
    this.#entries.delete(digest);
    this.#entries.set(digest, cached);
    return cached;
  }

  add(cached: CachedManifest): void {
    const { digest } = cached.manifest;
    if (this.#entries.has(digest)) return;
    this.#entries.set(digest, cached);
    this.#bytes += sizeOf(cached);
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(oldest);
      this.#bytes -= sizeOf(old);
    }
  }
}

function sizeOf({ manifest }: CachedManifest): number {
  return manifest.bytes.length + OVERHEAD;
}
