import { forEachConcurrently } from '../base/concurrency.ts';
import type { Want, WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Reference } from '../image/reference.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing, ReadRegistry } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import type { ReadState } from './inventory.ts';
import type { ListingStates, PickedListing } from './listing-state.ts';
import type { ListingStrategy } from './listing-strategy.ts';

export interface DestinationQuery {
  readonly registry: ReadRegistry;
  readonly listings: ListingStrategy;
  readonly wanted: ListingStates;
  /**
   * True: a tag or digest that a list does not show is queried by HEAD before it is absent, because a list proves only
   * that something exists. A promotion needs no such proof: it checks each tag right before it writes it.
   */
  readonly confirmsAbsence: boolean;
  readonly signal: AbortSignal;
}

/**
 * The state of one destination repository, by the cheapest sufficient requests:
 *
 * 1. one listing with digests, where that is cheaper;
 * 2. else a HEAD for each wanted tag. If the first tag is absent and more tags are left than the list has pages, that
 *    list answers for all absent tags, unless absence has to be confirmed;
 * 3. a HEAD for each digest that is wanted without a tag. Other digests stay open: see `readDigests`.
 *
 * HEAD requests replace a list that fails while its host answers. Throws the errors of the registry.
 */
export async function readDestination(
  repository: Repository,
  list: WantList,
  query: DestinationQuery,
): Promise<ReadState> {
  return await new DestinationReader(repository, list, query).read();
}

class DestinationReader {
  readonly #repository: Repository;
  readonly #list: WantList;
  readonly #query: DestinationQuery;

  constructor(repository: Repository, list: WantList, query: DestinationQuery) {
    this.#repository = repository;
    this.#list = list;
    this.#query = query;
  }

  async read(): Promise<ReadState> {
    const { listings } = this.#query;
    if (listings.isWorthListing(this.#repository, this.#list)) {
      const listing = await listings.listFirst(this.#repository, () => this.#tryList());
      if (listing !== undefined) return this.#fromListing(listing, () => tagsOf(this.#list));
    }
    return this.#byHead(tagsOf(this.#list));
  }

  async #byHead(tags: readonly Tag[]): Promise<ReadState> {
    const { listings, confirmsAbsence } = this.#query;
    const rest = tags.slice(1);
    const first = await this.#resolve(tags.slice(0, 1));
    if (first.size === 0 && !confirmsAbsence && listings.isWorthTags(this.#repository, rest.length)) {
      const listing = await this.#tryList();
      if (listing !== undefined) return this.#fromListing(listing, () => rest);
    }
    return this.#withTagless(stateOf(new Map([...first, ...(await this.#resolve(rest))])));
  }

  /** `openTags` gives the tags that have not been queried. Most listings have digests, and need none of them. */
  async #fromListing(listing: PickedListing, openTags: () => readonly Tag[]): Promise<ReadState> {
    const { confirmsAbsence } = this.#query;
    switch (listing.kind) {
      case 'missing': {
        const found = await this.#resolve(confirmsAbsence ? openTags() : []);
        // a repository without tags is answered like one that does not exist, and may still hold digests
        const state = await this.#withTagless(stateOf(found));
        return { ...state, exists: state.digests.size > 0 };
      }
      case 'digests': {
        return confirmsAbsence ? this.#confirmAbsence(listing.state) : listing.state;
      }
      case 'tags': {
        const queried = openTags().filter((tag) => confirmsAbsence || listing.tags.has(tag));
        return this.#withTagless(stateOf(await this.#resolve(queried)));
      }
    }
  }

  /** The state of a listing, completed by HEAD requests for the tags and digests that it does not show. */
  async #confirmAbsence(state: ReadState): Promise<ReadState> {
    const absent = tagsOf(this.#list).filter((tag) => !state.tags.has(tag));
    if (absent.length === 0 && openWants(this.#list, state).length === 0) return state;
    const found = await this.#resolve(absent);
    const tags = new Map([...state.tags, ...found]);
    const digests = new Set([...state.digests, ...found.values()]);
    return this.#withTagless({ ...state, tags, digests });
  }

  /** The listing, or undefined if the host gives none. */
  async #tryList(): Promise<PickedListing | undefined> {
    const { registry, listings, wanted, signal } = this.#query;
    if (!listings.mayList(this.#repository)) return undefined;
    try {
      const pick = (listing: Listing) => wanted.pick(this.#list, listing);
      const listing = await registry.readList(this.#repository, pick, signal);
      listings.learn(this.#repository, listing);
      return listing;
    } catch (error) {
      if (!(error instanceof RegistryError) || DOWN.has(error.code)) throw error;
      listings.learnFailure(this.#repository, error.status);
      return undefined;
    }
  }

  #resolve(tags: readonly Tag[]): Promise<ReadonlyMap<Tag, Digest>> {
    return resolveAll(this.#repository, tags, this.#query);
  }

  /** The state with the digests that are wanted without a tag. */
  async #withTagless(state: ReadState): Promise<ReadState> {
    const open = openWants(this.#list, state);
    const tagless = open.filter((want) => want.tagless !== undefined);
    const digests = await withResolved(this.#repository, { state, wants: tagless }, this.#query);
    return { ...state, complete: tagless.length === open.length, digests };
  }
}

/** HEAD requests would fail in the same way. */
const DOWN: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable']);

function tagsOf({ wants }: WantList): Tag[] {
  return wants.flatMap(({ tags }) => tags.map(({ tag }) => tag));
}

/** The state after HEAD requests for tags. */
function stateOf(tags: ReadonlyMap<Tag, Digest>): ReadState {
  return { kind: 'read', by: 'head', exists: true, complete: false, tags, digests: new Set(tags.values()) };
}

interface OpenDigests {
  readonly state: ReadState;
  readonly wants: readonly Want[];
}

/** The state once these digests have been queried as well. */
export async function readDigests(
  repository: Repository,
  open: OpenDigests,
  query: Pick<DestinationQuery, 'registry' | 'signal'>,
): Promise<ReadState> {
  const digests = await withResolved(repository, open, query);
  return { ...open.state, exists: open.state.exists || digests.size > 0, complete: true, digests };
}

async function withResolved(
  repository: Repository,
  { state, wants }: OpenDigests,
  query: Pick<DestinationQuery, 'registry' | 'signal'>,
): Promise<ReadonlySet<Digest>> {
  const wanted = wants.map(({ digest }) => digest);
  const found = await resolveAll(repository, wanted, query);
  return new Set([...state.digests, ...found.keys()]);
}

/** The tags or digests that exist, with their digests. */
async function resolveAll<R extends Reference>(
  repository: Repository,
  references: readonly R[],
  { registry, signal }: Pick<DestinationQuery, 'registry' | 'signal'>,
): Promise<ReadonlyMap<R, Digest>> {
  const found = new Map<R, Digest>();
  if (references.length === 0) return found;
  const workers = Math.min(LOOKUPS, references.length);
  await forEachConcurrently(references, { workers, signal }, async (reference) => {
    const digest = await registry.resolve(repository, reference, signal);
    if (digest !== undefined) found.set(reference, digest);
  });
  return found;
}

/** Concurrent HEAD requests for one repository: more than any host gets at a time, few enough for 100,000 tags. */
const LOOKUPS = 64;

/** The wants whose digest has not been seen, unless all of their tags exist as other digests. */
export function openWants({ wants }: WantList, state: ReadState): Want[] {
  return wants.filter((want) => isOpen(want, state));
}

export function isOpen(want: Want, { tags, digests }: ReadState): boolean {
  if (digests.has(want.digest)) return false;
  return want.tagless !== undefined || want.tags.some(({ tag }) => !tags.has(tag));
}
