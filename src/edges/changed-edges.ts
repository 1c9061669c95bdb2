import { getOrMake } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import type { Tag } from '../image/tag.ts';
import { edgesOf } from './want-list.ts';
import type { TagClaim, Conflict, Want, Wanted, WantedRepository, WantList } from './wanted.ts';

/** The edges that another state has too, by destination, tag and digest. */
export function commonEdges(wanted: Wanted, other: Wanted): Wanted {
  return cut(wanted, other, hasEdge);
}

/** The edges that another state has not. */
export function subtractEdges(wanted: Wanted, other: Wanted): Wanted {
  return cut(wanted, other, (edge, index) => !hasEdge(edge, index));
}

/**
 * The edges of an earlier state that are no longer wanted. A digest that was wanted without a tag is not removed as
 * long as it is wanted under any.
 */
export function removedEdges(wanted: Wanted, earlier: Wanted): Wanted {
  return cut(earlier, wanted, (edge, index) => {
    const keys = edge.tag === undefined ? [edge.digest] : [keyOf(edge), contestedKeyOf(edge)];
    return !keys.some((key) => index.has(key));
  });
}

interface Edge {
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  readonly isContested: boolean;
}

/** The keys of the edges of one list. */
type Index = ReadonlySet<string>;

/** The edges that are kept after a comparison with the list that another state has for the same repository. */
function cut(wanted: Wanted, other: Wanted, isKept: (edge: Edge, index: Index) => boolean): Wanted {
  const others = new Map(other.repositories.map(({ repository, list }) => [repository, list]));
  const indexes = new Map<WantList | undefined, Index>();
  const parts = new Map<WantList, Map<WantList | undefined, WantList>>(); // shared by repositories with the same lists
  const repositories: WantedRepository[] = [];
  for (const { repository, list } of wanted.repositories) {
    const compared = others.get(repository);
    const known = getOrMake(parts, list, () => new Map<WantList | undefined, WantList>());
    const part = getOrMake(known, compared, () => {
      const index = getOrMake(indexes, compared, indexList);
      return cutList(list, (edge) => isKept(edge, index));
    });
    if (part.edges > 0) repositories.push({ repository, list: part });
  }
  return { repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

/**
 * A tag that a state wants for several digests is not promoted: once it is wanted for one of them, that is another
 * edge. One that becomes contested is the same edge.
 */
function hasEdge(edge: Edge, index: Index): boolean {
  return index.has(keyOf(edge)) || (edge.isContested && index.has(contestedKeyOf(edge)));
}

function keyOf({ digest, tag }: Pick<Edge, 'digest' | 'tag'>): string {
  return `${digest} ${tag ?? ''}`;
}

function contestedKeyOf(edge: Pick<Edge, 'digest' | 'tag'>): string {
  return `${keyOf(edge)}!`;
}

/** The keys of all edges of a list, and its digests; none of no list. */
function indexList(list: WantList | undefined): Index {
  const { wants = [], conflicts = [] } = list ?? {};
  const keys = new Set<string>();
  for (const { digest, tags, tagless } of wants) {
    keys.add(digest);
    if (tagless !== undefined) keys.add(keyOf({ digest, tag: undefined }));
    for (const { tag } of tags) keys.add(keyOf({ digest, tag }));
  }
  for (const { tag, claims } of conflicts) {
    for (const { digest } of claims) keys.add(digest).add(contestedKeyOf({ digest, tag }));
  }
  return keys;
}

type IsKept = (edge: Edge) => boolean;

function cutList(list: WantList, isKept: IsKept): WantList {
  const wants = list.wants.map((want) => cutWant(want, isKept)).filter((want) => edgesOf(want) > 0);
  const conflicts = list.conflicts
    .map((one) => cutConflict(one, isKept))
    .filter(({ claims }) => claims.length > 0);
  const contested = conflicts.reduce((sum, { claims }) => sum + claims.length, 0);
  return { wants, conflicts, edges: wants.reduce((sum, want) => sum + edgesOf(want), contested) };
}

function cutWant(want: Want, isKept: IsKept): Want {
  const { digest, tagless } = want;
  return {
    ...want,
    tags: want.tags.filter(({ tag }) => isKept({ digest, tag, isContested: false })),
    tagless:
      tagless !== undefined && isKept({ digest, tag: undefined, isContested: false }) ? tagless : undefined,
  };
}

/** The claims that are cut off are no edges any more, and still contradict the others. */
function cutConflict({ tag, claims, known = [] }: Conflict, isKept: IsKept): Conflict {
  const isClaimKept = ({ digest }: TagClaim) => isKept({ digest, tag, isContested: true });
  return {
    tag,
    claims: claims.filter(isClaimKept),
    known: [...known, ...claims.filter((claim) => !isClaimKept(claim))],
  };
}
