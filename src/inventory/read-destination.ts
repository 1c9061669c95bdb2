import { allSettledOrThrow } from '../base/concurrency.ts';
import type { Want, WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing, ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { ReadState } from './inventory.ts';
import type { ListingHabits } from './listing-habits.ts';
import type { WantedThere } from './wanted-there.ts';

export interface Asking {
  readonly registry: ReadRegistry;
  readonly habits: ListingHabits;
  readonly wanted: WantedThere;
  readonly signal: AbortSignal;
}

/**
 * What one destination repository holds of what is wanted there, by the cheapest sufficient questions:
 *
 * 1. where it is worth a listing that tells digests, that one request;
 * 2. else a HEAD for each wanted tag; when the first one is absent and more are left than the list of tags has pages,
 *    that list, which answers for every absent tag at once;
 * 3. a HEAD by digest for what is wanted without a tag. What else no tag has shown is left open: see `readDigests`.
 *
 * Throws what the registry throws: whoever calls makes it `unreadable`.
 */
export async function readDestination(
  repository: Repository,
  list: WantList,
  asking: Asking,
): Promise<ReadState> {
  const tags = list.wants.flatMap((want) => want.tags.map(({ tag }) => tag));
  if (asking.habits.isWorthListing(repository, list)) {
    const listing = await asking.habits.listFirst(repository, () => tryList(repository, asking));
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags, asking });
  }
  return readByLooking(repository, list, { tags, asking });
}

async function readByLooking(
  repository: Repository,
  list: WantList,
  { tags, asking }: { tags: readonly Tag[]; asking: Asking },
): Promise<ReadState> {
  const [first, ...rest] = tags;
  const found = new Map<Tag, Digest>();
  if (first === undefined) return lookForTagless(repository, list, { found, asking });
  const digest = await asking.registry.resolve(repository, first, asking.signal);
  if (digest !== undefined) found.set(first, digest);
  else if (asking.habits.isWorthTags(repository, rest.length)) {
    const listing = await tryList(repository, asking);
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags: rest, asking });
  }
  await lookForTags(repository, rest, { found, asking });
  return lookForTagless(repository, list, { found, asking });
}

async function readFromListing(
  repository: Repository,
  list: WantList,
  { listing, tags, asking }: { listing: Listing; tags: readonly Tag[]; asking: Asking },
): Promise<ReadState> {
  const found = new Map<Tag, Digest>();
  switch (listing.kind) {
    case 'missing': {
      // a repository without tags is answered like one that does not exist, and may still hold digests
      const state = await lookForTagless(repository, list, { found, asking });
      return { ...state, exists: state.digests.size > 0 };
    }
    case 'digests':
      return asking.wanted.stateOf(list, listing);
    case 'tags': {
      const listed = tags.filter((tag) => listing.tags.has(tag));
      await lookForTags(repository, listed, { found, asking });
      return lookForTagless(repository, list, { found, asking });
    }
  }
}

/** The listing, or undefined where the host does not give any: then HEADs have to do. */
async function tryList(
  repository: Repository,
  { registry, habits, signal }: Asking,
): Promise<Listing | undefined> {
  if (!habits.mayList(repository)) return undefined;
  try {
    const listing = await registry.list(repository, signal);
    habits.learn(repository, listing);
    return listing;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.temporary || error.status === undefined) throw error;
    habits.learnRefusal(repository);
    return undefined;
  }
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

async function lookForTagless(
  repository: Repository,
  list: WantList,
  { found, asking }: { found: ReadonlyMap<Tag, Digest>; asking: Asking },
): Promise<ReadState> {
  const digests = new Set(found.values());
  const state = { kind: 'read', by: 'head', exists: true, complete: false, tags: found, digests } as const;
  const open = openWants(list, state);
  const tagless = open.filter((want) => want.tagless !== undefined);
  const there = await lookForDigests(repository, tagless, asking);
  return { ...state, complete: tagless.length === open.length, digests: new Set([...digests, ...there]) };
}

/** A state in which these digests have been asked for as well. */
export async function readDigests(
  repository: Repository,
  { state, wants }: { readonly state: ReadState; readonly wants: readonly Want[] },
  asking: Pick<Asking, 'registry' | 'signal'>,
): Promise<ReadState> {
  const there = await lookForDigests(repository, wants, asking);
  const digests = new Set([...state.digests, ...there]);
  return { ...state, exists: state.exists || digests.size > 0, complete: true, digests };
}

/** The wants of which neither a tag nor the digest has been seen, unless their tags decide: all of them are others. */
export function openWants({ wants }: WantList, state: ReadState): Want[] {
  return wants.filter((want) => isOpen(want, state));
}

export function isOpen(want: Want, { tags, digests }: ReadState): boolean {
  if (digests.has(want.digest)) return false;
  return want.tagless !== undefined || want.tags.some(({ tag }) => !tags.has(tag));
}

async function lookForDigests(
  repository: Repository,
  wants: readonly Want[],
  { registry, signal }: Pick<Asking, 'registry' | 'signal'>,
): Promise<readonly Digest[]> {
  const look = async ({ digest }: Want) => {
    const there = await registry.resolve(repository, digest, signal);
    return there === undefined ? [] : [digest];
  };
  return (await allSettledOrThrow(wants.map(look))).flat();
}
