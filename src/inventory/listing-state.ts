import { getOrMake } from '../base/maps.ts';
import type { WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Tag } from '../image/tag.ts';
import type { DigestListing, Listing } from '../ports/registry.ts';
import type { ReadState } from './inventory.ts';

/** A listing, or the wanted state in it if it has digests. */
export type PickedListing =
  | Exclude<Listing, DigestListing>
  | { readonly kind: 'digests'; readonly state: ReadState };

/**
 * The wanted tags and digests of listings, without the other entries. Repositories that have everything on their list
 * share one state, as they share the list: nearly all of them do, and they are many.
 */
export class ListingStates {
  readonly #whole = new WeakMap<WantList, ReadState>();

  pick(list: WantList, listing: Listing): PickedListing {
    if (listing.kind !== 'digests') return listing;
    return { kind: 'digests', state: this.#stateOf(list, listing) };
  }

  #stateOf(list: WantList, listing: DigestListing): ReadState {
    return isWhole(list, listing) ? getOrMake(this.#whole, list, () => wholeOf(list)) : pick(list, listing);
  }
}

function wholeOf({ wants }: WantList): ReadState {
  const digests = new Set(wants.map(({ digest }) => digest));
  const tags = new Map(wants.flatMap(({ digest, tags }) => tags.map(({ tag }) => [tag, digest])));
  return { kind: 'read', by: 'listing', exists: true, complete: true, tags, digests };
}

function isWhole({ wants }: WantList, listing: DigestListing): boolean {
  return wants.every(
    (want) => listing.has(want.digest) && want.tags.every(({ tag }) => listing.tags.get(tag) === want.digest),
  );
}

function pick({ wants }: WantList, listing: DigestListing): ReadState {
  const tags = new Map<Tag, Digest>();
  const digests = new Set<Digest>();
  for (const want of wants) {
    // strings of the want list are kept anyway, so those of the listing can be freed
    if (listing.has(want.digest)) digests.add(want.digest);
    for (const { tag } of want.tags) {
      const found = listing.tags.get(tag);
      if (found !== undefined) tags.set(tag, found === want.digest ? want.digest : found);
    }
  }
  const exists = digests.size > 0 || listing.manifests.size > 0;
  return { kind: 'read', by: 'listing', exists, complete: true, tags, digests };
}
