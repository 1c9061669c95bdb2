import { getOrMake } from '../../base/maps.ts';
import type { Position } from '../../base/position.ts';
import { compareText, sortedBy } from '../../base/sorted.ts';
import { edgesOf } from '../../edges/want-list.ts';
import type { Wanted, WantedRepository, WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { PlanItem } from '../../plan/plan.ts';
import { type Previous, previousOf } from './previous-image.ts';

/** The images to review, and those promoted before. */
export interface ReviewScope {
  readonly wanted: Wanted;
  /** The desired state before the change: images that are promoted already. */
  readonly before: Wanted;
}

/** A digest that is wanted from one source, at all of its destinations. */
export interface WantedImage {
  readonly digest: Digest;
  /** In the order to try. */
  readonly sources: readonly Repository[];
  /** Sorted. */
  readonly destinations: readonly Repository[];
  /** Sorted. */
  readonly tags: readonly Tag[];
  readonly at: Position | undefined;
}

export interface NewImage extends WantedImage {
  /** The previous image and the repositories that have it. Undefined for the first image of a repository. */
  readonly previous: (Previous & { readonly repositories: readonly Repository[] }) | undefined;
}

export interface FoundImages {
  /** Sorted by source and tag. */
  readonly images: readonly NewImage[];
  /** Images whose digest was wanted before, with the new tags and destinations. */
  readonly promoted: readonly WantedImage[];
}

/** A scope in which some digests are new. The others count as promoted. */
export function scopeOf(wanted: Wanted, isNew: (digest: Digest) => boolean): ReviewScope {
  return {
    wanted: keepDigests(wanted, isNew),
    before: keepDigests(wanted, (digest) => !isNew(digest)),
  };
}

/** The digests that a plan copies and that no destination of their manifest has. */
export function newDigests(items: readonly PlanItem[]): (digest: Digest) => boolean {
  const copied = items.filter((item) => item.decision === 'copy');
  const held = new Set(copied.filter(({ siblings }) => siblings.length > 0).map(({ digest }) => digest));
  const found = new Set(copied.map(({ digest }) => digest).filter((digest) => !held.has(digest)));
  return (digest) => found.has(digest);
}

/** Divides the images of a scope into new and promoted ones. A digest that is promoted anywhere is not new. */
export function findNewImages({ wanted, before }: ReviewScope): FoundImages {
  const lists = new Map(before.repositories.map(({ repository, list }) => [repository, list]));
  const known = new Set(
    Array.from(new Set(lists.values())).flatMap(({ wants }) => wants.map(({ digest }) => digest)),
  );
  const images = sortedBy(
    groupImages(wanted),
    ({ sources, tags, digest }) => `${sources[0]} ${tags[0] ?? ''} ${digest}`,
  );
  return {
    images: images
      .filter(({ digest }) => !known.has(digest))
      .map((image) => ({ ...image, previous: findPrevious(image, lists) })),
    promoted: images.filter(({ digest }) => known.has(digest)),
  };
}

function groupImages({ repositories }: Wanted): readonly WantedImage[] {
  const drafts = new Map<
    string,
    WantedImage & { readonly destinations: Repository[]; readonly all: Set<Tag> }
  >();
  for (const { repository, list } of repositories) {
    for (const { digest, sources, tags, tagless } of list.wants) {
      const at = tags[0]?.at[0] ?? tagless;
      const key = `${digest} ${sources.join(' ')}`;
      const draft = getOrMake(drafts, key, () => {
        return { digest, sources, destinations: [], tags: [], all: new Set<Tag>(), at };
      });
      draft.destinations.push(repository);
      for (const { tag } of tags) draft.all.add(tag);
    }
  }
  return Array.from(drafts.values(), ({ all, destinations, ...image }) => ({
    ...image,
    destinations: destinations.toSorted(compareText),
    tags: Array.from(all).toSorted(compareText),
  }));
}

/** The previous image at the first destination that has one. */
function findPrevious(
  { destinations, tags }: WantedImage,
  before: ReadonlyMap<Repository, WantList>,
): NewImage['previous'] {
  for (const destination of destinations) {
    const list = before.get(destination);
    const found = list && previousOf(tags, list);
    if (list === undefined || found === undefined) continue;
    const sources = list.wants.find(({ digest }) => digest === found.digest)?.sources ?? [];
    return { ...found, repositories: Array.from(new Set([destination, ...sources])) };
  }
  return undefined;
}

function keepDigests({ repositories }: Wanted, isKept: (digest: Digest) => boolean): Wanted {
  const parts = new Map<WantList, WantList>(); // repositories share lists
  const kept = repositories.map(({ repository, list }): WantedRepository => {
    return { repository, list: getOrMake(parts, list, (whole) => keepWants(whole, isKept)) };
  });
  return { repositories: kept, edges: kept.reduce((sum, { list }) => sum + list.edges, 0) };
}

function keepWants({ wants }: WantList, isKept: (digest: Digest) => boolean): WantList {
  const kept = wants.filter(({ digest }) => isKept(digest));
  return { wants: kept, conflicts: [], edges: kept.reduce((sum, want) => sum + edgesOf(want), 0) };
}
