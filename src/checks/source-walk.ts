import { forEachConcurrently } from '../base/concurrency.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { ImageSize } from '../image/image-size.ts';
import { isManifestType, OCI_INDEX } from '../image/media-types.ts';
import {
  isWellFormed,
  ManifestError,
  parseReferences,
  type RawManifest,
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
  /** Repositories that have nothing, so that they are not asked. */
  readonly empty: ReadonlySet<Repository>;
  /** True where the hosts of all destinations have the image elsewhere: its blobs are not looked up then. */
  readonly blobsAreKnown: boolean;
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
}

/** Why an image cannot be copied. */
export type Shortfall =
  | {
      readonly kind: 'missing';
      /** Manifests and blobs that no source has, as `blob sha256:…`, sorted; at least one. */
      readonly missing: readonly string[];
      /** Manifests and blobs that were not looked at any more. */
      readonly unlooked: number;
      /** Destinations that lack one of them too. */
      readonly destinations: ReadonlySet<Repository>;
    }
  | { readonly kind: 'malformed' | 'unreadable'; readonly reason: string };

/** Indexes are copied within indexes down to this depth. */
export const MAX_DEPTH = 8;

/** Manifests or blobs of one image that are asked for concurrently: few, because the first missing one ends the walk. */
const WORKERS = 8;

/**
 * Walks what images lead to at their sources. A manifest is read once for each repository, if `source` keeps what it
 * has read; a blob is asked for once for each repository. Foreign layers are not asked for, as they are not copied.
 */
export class SourceWalk {
  readonly #blobs = new SingleFlight<string, boolean>();

  /** Undefined for an image that can be copied. Throws only where the signal is aborted. */
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
    const seen = new Set([image.digest]);
    const size = new ImageSize(image.digest);
    let level: readonly Descriptor[] = [{ digest: image.digest, size: UNKNOWN_SIZE, mediaType: OCI_INDEX }];
    for (let depth = 0; level.length > 0; depth += 1) {
      if (depth > MAX_DEPTH) throw new ManifestError('manifest-malformed', TOO_DEEP);
      const found: Descriptor[] = [];
      // oxlint-disable-next-line no-await-in-loop -- a level is known when the one above it has been read
      await walk.forEach(level, signal, async (entry) => {
        const manifest = await this.#read(entry.digest, image, signal);
        if (!isManifestType(entry.mediaType) && (manifest === undefined || !isWellFormed(manifest))) {
          return void blobs.set(keyOf(entry), entry); // an entry of unknown type may be a blob
        }
        if (manifest === undefined) return walk.miss(`manifest ${entry.digest}`);
        const references = parseReferences(manifest);
        size.add(references);
        for (const blob of references.blobs) blobs.set(keyOf(blob), blob);
        found.push(...references.manifests);
      });
      level = found.filter(({ digest }) => {
        const isNew = !seen.has(digest);
        seen.add(digest);
        return isNew;
      });
    }
    return Array.from(blobs.values());
  }

  /** Its source has the root, as the plan says; a child may have been kept from another repository. */
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
    // a destination that has it, of a promotion that broke off say, needs no source
    for (const repository of walk.open) {
      const isThere = !empty.has(repository) && (await destination.hasBlob(repository, blob, signal));
      if (!isThere) walk.miss(name, repository);
    }
  }
}

/** What the first repository has that has something; throws the first failure where none has, and one could not be read. */
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

/** A blob counts as missing only if a GET does not find it either: an unclear answer to HEAD means that it is not there. */
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

export const TOO_DEEP = `indexes are nested more than ${MAX_DEPTH} deep`;

function keyOf({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}

function shortfallOf(error: unknown): Shortfall {
  const kind = error instanceof ManifestError ? 'malformed' : 'unreadable';
  return { kind, reason: messageOf(error) };
}

/** What one walk has found. It ends when no destination can get the image any more. */
class Walk {
  /** Destinations that can get it, as far as is known. */
  readonly open: Set<Repository>;
  readonly #closed = new Set<Repository>();
  readonly #missing = new Set<string>();
  #unlooked = 0;

  constructor(destinations: ReadonlySet<Repository>) {
    this.open = new Set(destinations);
  }

  /** Notes what no source has, and this destination neither; without one no destination counts. */
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
      this.#unlooked += items.length - begun;
    }
  }

  shortfall(): Shortfall | undefined {
    if (this.#missing.size === 0) return undefined;
    const missing = Array.from(this.#missing).toSorted();
    return { kind: 'missing', missing, unlooked: this.#unlooked, destinations: this.#closed };
  }
}
