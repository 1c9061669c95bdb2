import { allSettledOrThrow } from '../base/concurrency.ts';
import type { Want, WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing, ReadRegistry } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import type { ReadState } from './inventory.ts';
import type { ListingStates } from './listing-state.ts';
import type { ListingStrategy } from './listing-strategy.ts';

export interface DestinationQuery {
  readonly registry: ReadRegistry;
  readonly listings: ListingStrategy;
  readonly wanted: ListingStates;
  /**
   * True where what a list does not show is asked for by HEAD before it is called absent: a list only proves that
   * something exists. A promotion does without, because each tag is asked for right before it is written.
   */
  readonly confirmsAbsence: boolean;
  readonly signal: AbortSignal;
}

/**
 * What one destination repository holds of what is wanted there, by the cheapest sufficient questions:
 *
 * 1. where it is worth a listing that tells digests, that one request;
 * 2. else a HEAD for each wanted tag; when the first one is absent and more are left than the list of tags has pages,
 *    that list, which answers for every absent tag at once, unless absence has to be confirmed;
 * 3. a HEAD by digest for what is wanted without a tag. What else no tag has shown is left open: see `readDigests`.
 *
 * A list that fails while its host answers is done without: HEADs tell the same.
 *
 * Throws what the registry throws: whoever calls makes it `unreadable`.
 */
export async function readDestination(
  repository: Repository,
  list: WantList,
  asking: DestinationQuery,
): Promise<ReadState> {
  const tags = tagsOf(list);
  if (asking.listings.isWorthListing(repository, list)) {
    const listing = await asking.listings.listFirst(repository, () => tryList(repository, asking));
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags, asking });
  }
  return readByLooking(repository, list, { tags, asking });
}

function tagsOf({ wants }: WantList): Tag[] {
  return wants.flatMap(({ tags }) => tags.map(({ tag }) => tag));
}

async function readByLooking(
  repository: Repository,
  list: WantList,
  { tags, asking }: { tags: readonly Tag[]; asking: DestinationQuery },
): Promise<ReadState> {
  const [first, ...rest] = tags;
  const { listings, confirmsAbsence } = asking;
  const found = new Map<Tag, Digest>();
  if (first !== undefined) await lookForTags(repository, [first], { found, asking });
  if (found.size === 0 && !confirmsAbsence && listings.isWorthTags(repository, rest.length)) {
    const listing = await tryList(repository, asking);
    if (listing !== undefined) return readFromListing(repository, list, { listing, tags: rest, asking });
  }
  await lookForTags(repository, rest, { found, asking });
  return lookForTagless(repository, list, { state: stateOf(found), asking });
}

async function readFromListing(
  repository: Repository,
  list: WantList,
  { listing, tags, asking }: { listing: Listing; tags: readonly Tag[]; asking: DestinationQuery },
): Promise<ReadState> {
  const found = new Map<Tag, Digest>();
  switch (listing.kind) {
    case 'missing': {
      if (asking.confirmsAbsence) await lookForTags(repository, tags, { found, asking });
      // a repository without tags is answered like one that does not exist, and may still hold digests
      const state = await lookForTagless(repository, list, { state: stateOf(found), asking });
      return { ...state, exists: state.digests.size > 0 };
    }
    case 'digests': {
      const state = asking.wanted.stateOf(list, listing);
      return asking.confirmsAbsence ? confirmAbsence(repository, list, { state, asking }) : state;
    }
    case 'tags': {
      const asked = asking.confirmsAbsence ? tags : tags.filter((tag) => listing.tags.has(tag));
      await lookForTags(repository, asked, { found, asking });
      return lookForTagless(repository, list, { state: stateOf(found), asking });
    }
  }
}

/** The state that a listing tells, with what the listing does not show and HEADs do. */
async function confirmAbsence(
  repository: Repository,
  list: WantList,
  { state, asking }: { state: ReadState; asking: DestinationQuery },
): Promise<ReadState> {
  const absent = tagsOf(list).filter((tag) => !state.tags.has(tag));
  if (absent.length === 0 && openWants(list, state).length === 0) return state;
  const found = new Map(state.tags);
  await lookForTags(repository, absent, { found, asking });
  const digests = new Set([...state.digests, ...found.values()]);
  return lookForTagless(repository, list, { state: { ...state, tags: found, digests }, asking });
}

/** The listing, or undefined where the host does not give any: then HEADs have to do. */
async function tryList(
  repository: Repository,
  { registry, listings, signal }: DestinationQuery,
): Promise<Listing | undefined> {
  if (!listings.mayList(repository)) return undefined;
  try {
    const listing = await registry.list(repository, signal);
    listings.learn(repository, listing);
    return listing;
  } catch (error) {
    if (!(error instanceof RegistryError) || DOWN.has(error.code)) throw error;
    listings.learnFailure(repository, error.status);
    return undefined;
  }
}

/** HEADs would meet the same. */
const DOWN: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable']);

async function lookForTags(
  repository: Repository,
  tags: readonly Tag[],
  { found, asking }: { found: Map<Tag, Digest>; asking: DestinationQuery },
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
  { state, asking }: { state: ReadState; asking: DestinationQuery },
): Promise<ReadState> {
  const open = openWants(list, state);
  const tagless = open.filter((want) => want.tagless !== undefined);
  const there = await lookForDigests(repository, tagless, asking);
  const digests = new Set([...state.digests, ...there]);
  return { ...state, complete: tagless.length === open.length, digests };
}

/** What HEADs of tags have shown. */
function stateOf(tags: ReadonlyMap<Tag, Digest>): ReadState {
  return { kind: 'read', by: 'head', exists: true, complete: false, tags, digests: new Set(tags.values()) };
}

/** A state in which these digests have been asked for as well. */
export async function readDigests(
  repository: Repository,
  { state, wants }: { readonly state: ReadState; readonly wants: readonly Want[] },
  asking: Pick<DestinationQuery, 'registry' | 'signal'>,
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
  { registry, signal }: Pick<DestinationQuery, 'registry' | 'signal'>,
): Promise<readonly Digest[]> {
  const look = async ({ digest }: Want) => {
    const there = await registry.resolve(repository, digest, signal);
    return there === undefined ? [] : [digest];
  };
  return (await allSettledOrThrow(wants.map(look))).flat();
}
