import type { WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Tag } from '../image/tag.ts';
import type { Listing } from '../ports/registry.ts';
import type { ReadState } from './inventory.ts';

type DigestListing = Extract<Listing, { readonly kind: 'digests' }>;

/**
 * What listings tell of what is wanted, and nothing of all the rest that they name. Repositories that hold everything
 * on their list share one state, as they share the list: nearly all of them do, and they are many.
 */
export class ListingStates {
  readonly #whole = new WeakMap<WantList, ReadState>();

  stateOf(list: WantList, listing: DigestListing): ReadState {
    return isWhole(list, listing) ? this.#wholeOf(list) : pick(list, listing);
  }

  #wholeOf(list: WantList): ReadState {
    const known = this.#whole.get(list);
    if (known !== undefined) return known;
    const digests = new Set(list.wants.map(({ digest }) => digest));
    const tags = new Map(list.wants.flatMap(({ digest, tags }) => tags.map(({ tag }) => [tag, digest])));
    const state: ReadState = { kind: 'read', by: 'listing', exists: true, complete: true, tags, digests };
    this.#whole.set(list, state);
    return state;
  }
}

function isWhole({ wants }: WantList, { tags, manifests }: DigestListing): boolean {
  return wants.every(
    (want) => manifests.has(want.digest) && want.tags.every(({ tag }) => tags.get(tag) === want.digest),
  );
}

function pick({ wants }: WantList, listing: DigestListing): ReadState {
  const tags = new Map<Tag, Digest>();
  const digests = new Set<Digest>();
  for (const want of wants) {
    // the texts of the list are kept anyway; those of the listing can go
    if (listing.manifests.has(want.digest)) digests.add(want.digest);
    for (const { tag } of want.tags) {
      const found = listing.tags.get(tag);
      if (found !== undefined) tags.set(tag, found === want.digest ? want.digest : found);
    }
  }
  const exists = listing.manifests.size > 0;
  return { kind: 'read', by: 'listing', exists, complete: true, tags, digests };
}
