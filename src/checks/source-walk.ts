import { forEachConcurrently } from '../base/concurrency.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import { getOrMake } from '../base/maps.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { isManifestType, OCI_INDEX } from '../image/media-types.ts';
import {
  ImageSize,
  isWellFormed,
  ManifestError,
  parseReferences,
  type RawManifest,
  type References,
  UNKNOWN_SIZE,
} from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

export interface WalkedImage {
  readonly digest: Digest;
  /** In the order to try. */
  readonly sources: readonly Repository[];
  readonly destinations: ReadonlySet<Repository>;
  /** Empty repositories, which are not queried. */
  readonly empty: ReadonlySet<Repository>;
  /** True if the hosts of all destinations have the image in another repository. Its blobs are not queried then. */
  readonly blobsAreKnown: boolean;
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
}

/** The reason for which an image cannot be copied. */
export type Shortfall =
  | {
      readonly kind: 'missing';
      /** Manifests and blobs that no source has, as `blob sha256:…`, sorted; at least one. */
      readonly missing: readonly string[];
      /** Number of manifests and blobs that were not checked. */
      readonly unchecked: number;
      /** Destinations that also lack one of them. */
      readonly destinations: ReadonlySet<Repository>;
    }
  | { readonly kind: 'malformed' | 'unreadable'; readonly reason: string };

/** Indexes are copied within indexes down to this depth. */
const MAX_DEPTH = 8;

/** Concurrent queries for one image: few, because the first missing manifest or blob ends the walk. */
const WORKERS = 8;

/**
 * Walks the content of images at their sources. A manifest is read once for each repository, if `source` caches
 * manifests; a blob is queried once for each repository. Foreign layers are not queried, as they are not copied.
 */
export class SourceWalk {
  readonly #blobs = new SingleFlight<string, boolean>();

  /** Undefined for an image that can be copied. Throws only if the signal is aborted. */
  async findShortfall(image: WalkedImage, signal: AbortSignal): Promise<Shortfall | undefined> {
    const walk = new Walk(image.destinations);
    try {
      const blobs = await this.#walkManifests(image, walk, signal);
      if (image.blobsAreKnown) return walk.shortfall();
      await walk.forEach(blobs, signal, (blob) => this.#lookForBlob(blob, { image, walk }, signal));
    } catch (error) {
      if (signal.aborted || isAbort(error, signal)) throw error;
      if (walk.shortfall() === undefined) return shortfallOf(error);
    }
    return walk.shortfall();
  }

  /** Level by level; resolves to the blobs that the manifests name. */
  async #walkManifests(image: WalkedImage, walk: Walk, signal: AbortSignal): Promise<Descriptor[]> {
    const blobs = new Map<string, Descriptor>();
    const forEach: ForEach = (level, look) => walk.forEach(level, signal, look);
    await walkLevels(image.digest, forEach, async (entry) => {
      const manifest = await this.#read(entry.digest, image, signal);
      if (!isManifestType(entry.mediaType) && (manifest === undefined || !isWellFormed(manifest))) {
        return void blobs.set(keyOf(entry), entry); // an entry of unknown type may be a blob
      }
      if (manifest === undefined) return walk.miss(`manifest ${entry.digest}`);
      const references = parseReferences(manifest);
      for (const blob of references.blobs) blobs.set(keyOf(blob), blob);
      return references;
    });
    return Array.from(blobs.values());
  }

  /** The plan has found the root at its source; a child may be cached from another repository. */
  #read(digest: Digest, image: WalkedImage, signal: AbortSignal): Promise<RawManifest | undefined> {
    const { source, sources } = image;
    return firstFound(sources, async (repository) => {
      const isHere =
        digest === image.digest || (await source.resolve(repository, digest, signal)) !== undefined;
      return isHere ? await source.fetchManifest(repository, digest, signal) : undefined;
    });
  }

  async #lookForBlob(
    blob: Descriptor,
    { image, walk }: { image: WalkedImage; walk: Walk },
    signal: AbortSignal,
  ): Promise<void> {
    const { source, destination, sources, empty } = image;
    const found = await firstFound(sources, async (repository) => {
      const key = `${repository} ${blob.digest} ${blob.size}`;
      const isThere = await this.#blobs.run(key, () => hasBlob(source, { repository, blob }, signal));
      return isThere || undefined;
    });
    if (found !== undefined) return;
    const { digest, size } = blob;
    const name = size === UNKNOWN_SIZE ? `blob ${digest}` : `blob ${digest} of ${size} bytes`;
    // a destination with the blob, from an interrupted promotion for example, needs no source
    for (const repository of walk.open) {
      const isThere = !empty.has(repository) && (await destination.hasBlob(repository, blob, signal));
      if (!isThere) walk.miss(name, repository);
    }
  }
}

type ForEach = (level: readonly Descriptor[], look: (entry: Descriptor) => Promise<void>) => Promise<void>;

/** Reads the manifests of an image level by level, each once. `read` resolves to the references of an entry. */
export async function walkLevels(
  root: Digest,
  forEach: ForEach,
  read: (entry: Descriptor) => Promise<References | void>,
): Promise<void> {
  const seen = new Set([root]);
  const size = new ImageSize(root);
  let level: readonly Descriptor[] = [{ digest: root, size: UNKNOWN_SIZE, mediaType: OCI_INDEX }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new ManifestError('manifest-malformed', `indexes are nested more than ${MAX_DEPTH} deep`);
    }
    const below = new Map<Digest, Descriptor>();
    // oxlint-disable-next-line no-await-in-loop -- the level above lists the entries of a level
    await forEach(level, async (entry) => {
      const references = await read(entry);
      if (references === undefined) return;
      size.add(references);
      for (const child of references.manifests) getOrMake(below, child.digest, () => child);
    });
    level = Array.from(below.values()).filter(({ digest }) => !seen.has(digest));
    for (const { digest } of level) seen.add(digest);
  }
}

/** The result of the first repository that has one. Throws the first error if none has, and one could not be read. */
export async function firstFound<T>(
  repositories: readonly Repository[],
  look: (repository: Repository) => Promise<T | undefined>,
): Promise<T | undefined> {
  let failure: RegistryError | undefined;
  for (const repository of repositories) {
    try {
      const found = await look(repository);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/** A blob is missing only if a GET does not find it either: `hasBlob` is false for an unclear answer. */
async function hasBlob(
  source: ReadRegistry,
  { repository, blob }: { repository: Repository; blob: Descriptor },
  signal: AbortSignal,
): Promise<boolean> {
  if (await source.hasBlob(repository, blob, signal)) return true;
  try {
    const body = await source.openBlob(repository, blob, signal);
    if (!(body instanceof Uint8Array)) body.destroy();
    return true;
  } catch (error) {
    const isMissing = error instanceof RegistryError && (error.status === 404 || error.code === 'mismatch');
    if (isMissing) return false;
    throw error;
  }
}

function keyOf({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}

function shortfallOf(error: unknown): Shortfall {
  const kind = error instanceof ManifestError ? 'malformed' : 'unreadable';
  return { kind, reason: messageOf(error) };
}

/** The missing content of one image. The walk ends when no destination can get the image. */
class Walk {
  /** Destinations that can still get it. */
  readonly open: Set<Repository>;
  readonly #closed = new Set<Repository>();
  readonly #missing = new Set<string>();
  #unchecked = 0;

  constructor(destinations: ReadonlySet<Repository>) {
    this.open = new Set(destinations);
  }

  /** Records content that neither a source nor this destination has; without a destination, all of them lack it. */
  miss(name: string, destination?: Repository): void {
    this.#missing.add(name);
    for (const one of destination === undefined ? this.open : [destination]) {
      this.open.delete(one);
      this.#closed.add(one);
    }
  }

  async forEach<T>(
    items: readonly T[],
    signal: AbortSignal,
    look: (item: T) => Promise<void>,
  ): Promise<void> {
    const { open } = this;
    let begun = 0;
    function* whileOpen() {
      for (const item of items) {
        if (open.size === 0) return;
        begun += 1;
        yield item;
      }
    }
    try {
      await forEachConcurrently(whileOpen(), { workers: WORKERS, signal }, look);
    } finally {
      this.#unchecked += items.length - begun;
    }
  }

  shortfall(): Shortfall | undefined {
    if (this.#missing.size === 0) return undefined;
    const missing = Array.from(this.#missing).toSorted();
    return { kind: 'missing', missing, unchecked: this.#unchecked, destinations: this.#closed };
  }
}
