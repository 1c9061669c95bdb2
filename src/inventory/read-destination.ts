import { allSettledOrThrow } from '../base/concurrency.ts';
import type { Want, WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing, ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { DestinationState, ReadState } from './inventory.ts';
import type { ListingHabits } from './listing-habits.ts';

interface Asking {
  readonly registry: ReadRegistry;
  readonly habits: ListingHabits;
  readonly signal: AbortSignal;
}

/**
 * What one destination repository holds of what is wanted there, by the cheapest sufficient questions:
 *
 * 1. where a listing tells digests (Google), that one request;
 * 2. else a HEAD for each wanted tag; when the first one is absent and more than one is left, the list of tags,
 *    which answers for every absent tag at once;
 * 3. a HEAD by digest for what no tag has shown, unless there is no such repository.
 *
 * Throws what the registry throws: whoever calls makes it `unreadable`.
 */
export async function readDestination(
  repository: Repository,
  list: WantList,
  asking: Asking,
): Promise<DestinationState> {
  const tags = list.wants.flatMap((want) => want.tags.map(({ tag }) => tag));
  const questions = tags.length + list.wants.filter((want) => want.tagless !== undefined).length;
  if (asking.habits.listFirst(repository, questions)) {
    const listing = await tryList(repository, asking);
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags, asking });
  }
  return readByLooking(repository, list, { tags, asking });
}

async function readByLooking(
  repository: Repository,
  list: WantList,
  { tags, asking }: { tags: readonly Tag[]; asking: Asking },
): Promise<DestinationState> {
  const [first, ...rest] = tags;
  const found = new Map<Tag, Digest>();
  if (first === undefined) return lookForDigests(repository, list, { found, asking });
  const digest = await asking.registry.resolve(repository, first, asking.signal);
  if (digest !== undefined) found.set(first, digest);
  else if (rest.length > 1) {
    const listing = await tryList(repository, asking);
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags: rest, asking });
  }
  await lookForTags(repository, rest, { found, asking });
  return lookForDigests(repository, list, { found, asking });
}

async function readFromListing(
  repository: Repository,
  list: WantList,
  { listing, tags, asking }: { listing: Listing; tags: readonly Tag[]; asking: Asking },
): Promise<DestinationState> {
  const found = new Map<Tag, Digest>();
  switch (listing.kind) {
    case 'missing':
      return readWithoutTags(repository, list, asking);
    case 'digests':
      return {
        kind: 'read',
        exists: listing.manifests.size > 0,
        complete: true,
        tags: listing.tags,
        digests: new Set(listing.manifests.keys()),
      };
    case 'tags': {
      const listed = tags.filter((tag) => listing.tags.has(tag));
      await lookForTags(repository, listed, { found, asking });
      return lookForDigests(repository, list, { found, asking });
    }
  }
}

/**
 * A repository without tags is answered like one that does not exist, and may still hold digests. Those that are
 * wanted without a tag are asked for; where one is there the repository exists, and the others may be there as well.
 */
async function readWithoutTags(
  repository: Repository,
  list: WantList,
  asking: Asking,
): Promise<DestinationState> {
  const tagless = { ...list, wants: list.wants.filter((want) => want.tagless !== undefined) };
  const state = await readDigests(repository, tagless, asking);
  if (state.digests.size > 0) return readDigests(repository, list, asking);
  return { ...state, exists: false, complete: false };
}

/** The listing, or undefined where the host does not give any: then HEADs have to do. */
async function tryList(
  repository: Repository,
  { registry, habits, signal }: Asking,
): Promise<Listing | undefined> {
  if (!habits.mayList(repository)) return undefined;
  try {
    const listing = await registry.list(repository, signal);
    if (listing.kind !== 'missing') habits.learn(repository, listing.kind);
    return listing;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.temporary || error.status === undefined) throw error;
    habits.learn(repository, 'refused');
    return undefined;
  }
}

/** Which of the wanted digests are there, whatever their tags. */
export function readDigests(
  repository: Repository,
  list: WantList,
  asking: Pick<Asking, 'registry' | 'signal'>,
): Promise<ReadState> {
  return lookForDigests(repository, list, { found: new Map(), asking });
}

async function lookForTags(
  repository: Repository,
  tags: readonly Tag[],
  { found, asking }: { found: Map<Tag, Digest>; asking: Asking },
): Promise<void> {
  const look = async (tag: Tag) => {
    const digest = await asking.registry.resolve(repository, tag, asking.signal);
    if (digest !== undefined) found.set(tag, digest);
  };
  await allSettledOrThrow(tags.map(look));
}

async function lookForDigests(
  repository: Repository,
  list: WantList,
  { found, asking }: { found: ReadonlyMap<Tag, Digest>; asking: Pick<Asking, 'registry' | 'signal'> },
): Promise<ReadState> {
  const digests = new Set(found.values());
  const look = async ({ digest }: Want) => {
    const there = await asking.registry.resolve(repository, digest, asking.signal);
    if (there !== undefined) digests.add(digest);
  };
  const unseen = list.wants.filter((want) => !digests.has(want.digest) && isOpen(want, found));
  await allSettledOrThrow(unseen.map(look));
  return { kind: 'read', exists: true, complete: true, tags: found, digests };
}

/** False where every edge of the want is decided by its tags alone: moved, all of them. */
function isOpen(want: Want, found: ReadonlyMap<Tag, Digest>): boolean {
  return want.tagless !== undefined || want.tags.some(({ tag }) => !found.has(tag));
}
