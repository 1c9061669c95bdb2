import { isAbort, messageOf } from '../base/errors.ts';
import { getOrMake } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { isIndexType } from '../image/media-types.ts';
import type { RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing } from '../ports/registry.ts';
import type { RegistryEntry, WholeRegistryReader } from '../ports/whole-registry.ts';
import type { Notify } from './notice.ts';

/** A listing of each repository. */
export type Listings = ReadonlyMap<Repository, Listing>;

/**
 * The listings of a whole registry if its host can list it at once, else undefined with the notice `not-whole`: its
 * repositories can be listed one by one instead. Entries have no order, so all are held in memory: digests, tags and
 * children of indexes, about 0.5 KB for each manifest.
 */
export async function readWholeRegistry(
  registry: RegistryName,
  { whole, notice }: { readonly whole: WholeRegistryReader; readonly notice: Notify },
  signal: AbortSignal,
): Promise<Listings | undefined> {
  if (!whole.canRead(registry)) return undefined;
  const repositories = new Map<Repository, Contents>();
  try {
    for await (const page of whole.read(registry, signal)) {
      for (const entry of page) getOrMake(repositories, entry.repository, () => new Contents()).add(entry);
    }
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    notice({ kind: 'not-whole', registry, reason: messageOf(error) });
    return undefined;
  }
  return new Map(Array.from(repositories, ([repository, contents]) => [repository, contents.listing()]));
}

class Contents {
  readonly #manifests = new Map<Digest, readonly Tag[]>();
  readonly #tags = new Map<Tag, Digest>();
  readonly #indexes = new Set<Digest>();
  readonly #parts = new Map<Digest, readonly Digest[]>();

  add({ digest, tags, mediaType, children }: RegistryEntry): void {
    this.#manifests.set(digest, tags);
    for (const tag of tags) this.#tags.set(tag, digest);
    if (isIndexType(mediaType)) this.#indexes.add(digest);
    // an index without children here has children that the host does not list
    if (children.length > 0) this.#parts.set(digest, children);
  }

  /** A tag that moved while the pages were read belongs to the digest where it came last. */
  listing(): Listing {
    for (const [digest, tags] of this.#manifests) {
      if (tags.every((tag) => this.#tags.get(tag) === digest)) continue;
      this.#manifests.set(
        digest,
        tags.filter((tag) => this.#tags.get(tag) === digest),
      );
    }
    return {
      kind: 'digests',
      tags: this.#tags,
      has: (digest) => this.#manifests.has(digest),
      manifests: this.#manifests,
      indexes: this.#indexes,
      parts: this.#parts,
      children: [],
    };
  }
}
