import { forEachConcurrently } from '../base/concurrency.ts';
import { addTo } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { isIndexType } from '../image/media-types.ts';
import { parseReferences } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { BrowseRegistry, Found, Listing } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { Referrers } from '../attachments/referrers.ts';

/** A repository, and the name of its image. */
export interface NamedRepository {
  readonly repository: Repository;
  readonly name: string;
}

/** The digests that a caller expects in a repository. They are queried if the listing shows only tags. */
export type ExpectedDigests = (place: NamedRepository) => Iterable<Digest>;

export const NO_EXPECTED_DIGESTS: ExpectedDigests = () => [];

/** Every digest with its tags. */
export type DigestTags = ReadonlyMap<Digest, readonly Tag[]>;

/** The visible content of one repository. */
export interface RepositoryContent {
  readonly digests: DigestTags;
  /** Digests of indexes. */
  readonly indexes: ReadonlySet<Digest>;
  /** The children of indexes that were read. */
  readonly parts: ReadonlyMap<Digest, readonly Digest[]>;
  /** Known referrers of other manifests. */
  readonly referrers: ReadonlySet<Digest>;
}

export interface Browsing {
  readonly registry: BrowseRegistry;
  readonly referrers: Referrers;
  /** Concurrent queries for one repository; the transport bounds the requests. */
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** Limits far above real content: digests of a repository, and levels of indexes and referrers (images have two). */
const MAX_DIGESTS = 1_000_000;
const MAX_LEVELS = 32;

/**
 * The content of a listing with digests. From a listing of tags, and from the expected digests, children and referrers
 * are followed. Some registries report a repository without tags as missing.
 */
export async function readContent(
  repository: Repository,
  { listing, expected }: { readonly listing: Listing; readonly expected: Iterable<Digest> },
  browsing: Browsing,
): Promise<RepositoryContent> {
  switch (listing.kind) {
    case 'digests':
      return {
        digests: listing.manifests,
        indexes: listing.indexes,
        parts: listing.parts ?? NOTHING_MORE.parts,
        referrers: NOTHING_MORE.referrers,
      };
    case 'missing':
    case 'tags':
      return await new ReachableDigests(repository, browsing).follow(
        listing.kind === 'tags' ? listing.tags : [],
        expected,
      );
  }
}

const NOTHING_MORE: Omit<RepositoryContent, 'digests'> = {
  indexes: new Set(),
  parts: new Map(),
  referrers: new Set(),
};

/** The digests of some tags, with only those tags. */
export async function readTagged(
  repository: Repository,
  { listing, isAsked }: { readonly listing: Listing; readonly isAsked: (tag: Tag) => boolean },
  { registry, workers, signal }: Browsing,
): Promise<RepositoryContent> {
  const digests = new Map<Digest, Tag[]>();
  if (listing.kind === 'digests') {
    for (const [tag, digest] of listing.tags) if (isAsked(tag)) addTo(digests, digest, tag);
  } else if (listing.kind === 'tags') {
    const asked = Array.from(listing.tags).filter(isAsked);
    await forEachConcurrently(asked, { workers, signal }, async (tag) => {
      const digest = await registry.resolve(repository, tag, signal);
      if (digest !== undefined) addTo(digests, digest, tag);
    });
  }
  return { digests, ...NOTHING_MORE };
}

/** The manifests that an index lists. Throws for a missing or damaged index, and for another manifest. */
export async function readChildren(
  repository: Repository,
  index: Digest,
  { registry, signal }: Browsing,
): Promise<readonly Digest[]> {
  const manifest = await registry.fetchManifest(repository, index, signal);
  if (manifest === undefined) {
    throw new RegistryError('unexpected', `${repository}@${index} was listed, but does not exist`);
  }
  return parseReferences(manifest).manifests.map(({ digest }) => digest);
}

/** The digests that the tags of a repository lead to, level by level. */
class ReachableDigests {
  readonly #repository: Repository;
  readonly #browsing: Browsing;
  readonly #digests = new Map<Digest, Tag[]>();
  readonly #indexes = new Set<Digest>();
  readonly #parts = new Map<Digest, readonly Digest[]>();
  readonly #referring = new Set<Digest>();
  readonly #asked = new Set<Digest>();

  constructor(repository: Repository, browsing: Browsing) {
    this.#repository = repository;
    this.#browsing = browsing;
  }

  async follow(tags: Iterable<Tag>, expected: Iterable<Digest>): Promise<RepositoryContent> {
    await this.#followLevels(await this.#lookUpTags(tags));
    await this.#followLevels(await this.#lookUpDigests(this.#take(expected)));
    return {
      digests: this.#digests,
      indexes: this.#indexes,
      parts: this.#parts,
      referrers: this.#referring,
    };
  }

  async #followLevels(first: readonly Found[]): Promise<void> {
    let level = first;
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > MAX_LEVELS) throw this.#tooMuch(`more than ${MAX_LEVELS} levels of manifests`);
      level = await this.#lookUpDigests(await this.#leadsTo(level));
    }
  }

  /** The digests that were not queried yet. */
  #take(digests: Iterable<Digest>): Digest[] {
    const taken: Digest[] = [];
    for (const digest of digests) {
      if (this.#asked.has(digest)) continue;
      this.#asked.add(digest);
      taken.push(digest);
    }
    return taken;
  }

  async #lookUpTags(tags: Iterable<Tag>): Promise<Found[]> {
    const level: Found[] = [];
    await this.#each(tags, async (tag) => {
      const found = await this.#lookUp(tag);
      if (found === undefined) return; // deleted since it was listed
      const isNew = !this.#digests.has(found.digest);
      addTo(this.#digests, found.digest, tag);
      if (!isNew) return;
      this.#asked.add(found.digest);
      level.push(found);
    });
    return level;
  }

  /** An index may list a manifest that its registry lacks. */
  async #lookUpDigests(digests: Iterable<Digest>): Promise<Found[]> {
    const level: Found[] = [];
    await this.#each(digests, async (digest) => {
      const found = await this.#lookUp(digest);
      if (found === undefined) return;
      this.#digests.set(digest, []);
      level.push(found);
    });
    return level;
  }

  async #leadsTo(level: readonly Found[]): Promise<ReadonlySet<Digest>> {
    const next = new Set<Digest>();
    await this.#each(level, async (found) => {
      const led = this.#take([...(await this.#children(found)), ...(await this.#referrers(found))]);
      for (const digest of led) next.add(digest);
      if (this.#asked.size > MAX_DIGESTS) throw this.#tooMuch(`more than ${MAX_DIGESTS} manifests`);
    });
    return next;
  }

  async #children({ digest, mediaType }: Found): Promise<readonly Digest[]> {
    if (mediaType !== '' && !isIndexType(mediaType)) return [];
    const children = await readChildren(this.#repository, digest, this.#browsing);
    if (!isIndexType(mediaType) && children.length === 0) return [];
    this.#indexes.add(digest);
    this.#parts.set(digest, children);
    return children;
  }

  async #referrers({ digest }: Found): Promise<readonly Digest[]> {
    const { referrers, signal } = this.#browsing;
    const found = (await referrers.of(this.#repository, digest, signal)) ?? [];
    const own = found.map((referrer) => referrer.digest);
    for (const referrer of own) this.#referring.add(referrer);
    return own;
  }

  #lookUp(reference: Tag | Digest): Promise<Found | undefined> {
    const { registry, signal } = this.#browsing;
    return registry.lookUp(this.#repository, reference, signal);
  }

  #each<T>(items: Iterable<T>, task: (item: T) => Promise<void>): Promise<void> {
    return forEachConcurrently(items, this.#browsing, task);
  }

  #tooMuch(excess: string): RegistryError {
    return new RegistryError('unexpected', `${this.#repository}: its tags lead to ${excess}`);
  }
}
