import { forEachConcurrently } from '../../base/concurrency.ts';
import type { Want } from '../../edges/wanted.ts';
import { type Digest, isDigest } from '../../image/digest.ts';
import { isIndexType } from '../../image/media-types.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { BrowseRegistry, Listing } from '../../ports/registry.ts';

/** Digests: a set, or the keys of a listing, which are not copied. */
export type DigestSet = Pick<ReadonlySet<Digest>, 'has' | 'keys' | 'size'>;

/** The visible content of a repository. */
export interface Holdings {
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** Those of tags included. */
  readonly digests: DigestSet;
  readonly indexes: ReadonlySet<Digest>;
  /** Milliseconds since the epoch, as far as the registry tells. */
  readonly uploaded: ReadonlyMap<Digest, number>;
  /** False where untagged digests are seen only if the manifests name them. */
  readonly showsUntagged: boolean;
}

interface Query {
  readonly registry: Pick<BrowseRegistry, 'lookUp'>;
  /** Concurrent requests; the transport bounds them. */
  readonly workers: number;
  readonly signal: AbortSignal;
}

/**
 * The content of a repository: its listing, completed by a HEAD request for each tag without a digest and for each
 * wanted tag and digest that the listing does not show. Throws the errors of the registry.
 */
export async function readHoldings(
  repository: Repository,
  { listing, wants }: { readonly listing: Listing; readonly wants: readonly Want[] },
  query: Query,
): Promise<Holdings> {
  const listed = holdingsOf(listing);
  const names = listing.kind === 'tags' ? listing.tags : [];
  const openTags = wants
    .flatMap(({ tags }) => tags.map(({ tag }) => tag))
    .filter((tag) => !listed.tags.has(tag));
  const seen = await lookUp(repository, new Set([...names, ...openTags]), query);
  const withTags = withFound(listed, seen);
  const openDigests = wants.map(({ digest }) => digest).filter((digest) => !withTags.digests.has(digest));
  return withFound(withTags, await lookUp(repository, openDigests, query));
}

const NOTHING: Holdings = {
  tags: new Map(),
  digests: new Set(),
  indexes: new Set(),
  uploaded: new Map(),
  showsUntagged: false,
};

function holdingsOf(listing: Listing): Holdings {
  if (listing.kind !== 'digests') return NOTHING;
  const { tags, manifests, indexes, uploaded = NOTHING.uploaded } = listing;
  return { tags, digests: manifests, indexes, uploaded, showsUntagged: true };
}

interface Seen {
  readonly reference: Tag | Digest;
  readonly digest: Digest;
  readonly isIndex: boolean;
}

async function lookUp(
  repository: Repository,
  references: Iterable<Tag | Digest>,
  { registry, workers, signal }: Query,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  await forEachConcurrently(references, { workers, signal }, async (reference) => {
    const found = await registry.lookUp(repository, reference, signal);
    if (found === undefined) return;
    // a registry that does not report the type may have an index
    const isIndex = found.mediaType === '' || isIndexType(found.mediaType);
    seen.push({ reference, digest: found.digest, isIndex });
  });
  return seen;
}

function withFound(holdings: Holdings, seen: readonly Seen[]): Holdings {
  if (seen.length === 0) return holdings;
  const tags = new Map(holdings.tags);
  for (const { reference, digest } of seen) if (!isDigest(reference)) tags.set(reference, digest);
  const indexes = seen.flatMap(({ digest, isIndex }) => (isIndex ? [digest] : []));
  return {
    ...holdings,
    tags,
    digests: new Set([...holdings.digests.keys(), ...seen.map(({ digest }) => digest)]),
    indexes: new Set([...holdings.indexes, ...indexes]),
  };
}
