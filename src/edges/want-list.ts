import { addTo, getOrMake } from '../base/maps.ts';
import type { Position } from '../base/position.ts';
import { compareText, sortedBy } from '../base/sorted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { DigestEntry, ImageEntry } from '../manifest/model.ts';
import type { Conflict, Want, WantedTag, WantList } from './wanted.ts';

/** An entry of a manifest's list of images, with its source repository. */
export interface SourcedEntry {
  readonly source: Repository;
  readonly entry: ImageEntry;
  /** The repositories where the manifest wants a digest of the entry. */
  readonly siblingsOf: (digest: Digest) => readonly Repository[];
}

/** Merges the entries that lead to one destination repository; a tag with several digests becomes a conflict. */
export function makeWantList(entries: readonly SourcedEntry[]): WantList {
  const drafts = sortedBy(collectDrafts(entries), (draft) => draft.digest);
  const conflicts = findConflicts(drafts);
  const contested = new Set(conflicts.map((conflict) => conflict.tag));
  const wants = drafts
    .map((draft) => makeWant(draft, contested))
    .filter((want) => want.tags.length > 0 || want.tagless !== undefined);
  const edges = wants.reduce((sum, want) => sum + edgesOf(want), 0);
  const contestedEdges = conflicts.reduce((sum, conflict) => sum + conflict.claims.length, 0);
  return { wants, conflicts, edges: edges + contestedEdges };
}

/** The edges of a want: one for each tag, and one where it is wanted without a tag. */
export function edgesOf(want: Want): number {
  return want.tags.length + (want.tagless === undefined ? 0 : 1);
}

/** A want with the tags in conflict. */
type Draft = Want;

function collectDrafts(entries: readonly SourcedEntry[]): Draft[] {
  const parts = new Map<Digest, Part[]>();
  for (const { source, entry, siblingsOf } of entries) {
    for (const wanted of entry.digests) addTo(parts, wanted.digest, { source, siblingsOf, wanted });
  }
  return Array.from(parts, ([digest, own]) => makeDraft(digest, own));
}

/** An entry of a digest. Nearly every digest has one. */
interface Part extends Pick<SourcedEntry, 'source' | 'siblingsOf'> {
  readonly wanted: DigestEntry;
}

function makeDraft(digest: Digest, parts: readonly Part[]): Draft {
  const entries = parts.map(({ wanted }) => wanted);
  return {
    digest,
    tags: mergeTags(entries).toSorted((a, b) => compareText(a.tag, b.tag)),
    tagless: entries.find(({ tags }) => tags.length === 0)?.at,
    sources: Array.from(new Set(parts.map(({ source }) => source))),
    siblings: parts.map(({ siblingsOf }) => siblingsOf(digest)).reduce(union),
  };
}

function mergeTags(entries: readonly DigestEntry[]): WantedTag[] {
  const [first, ...others] = entries;
  // the tags of one entry differ, so that no map is needed
  if (others.length === 0) return first?.tags.map(({ tag, at }) => ({ tag, at: [at] })) ?? [];
  const positions = new Map<Tag, Position[]>();
  for (const { tag, at } of entries.flatMap(({ tags }) => tags)) addTo(positions, tag, at);
  return Array.from(positions, ([tag, at]) => ({ tag, at }));
}

/** One of the lists itself where the other adds nothing: most digests of an image share theirs. */
function union(a: readonly Repository[], b: readonly Repository[]): readonly Repository[] {
  if (a === b || b.length === 0) return a;
  return a.length === 0 ? b : Array.from(new Set([...a, ...b])).toSorted(compareText);
}

function findConflicts(drafts: readonly Draft[]): Conflict[] {
  const first = new Map<Tag, Draft>();
  const contested = new Map<Tag, Draft[]>();
  for (const draft of drafts) {
    for (const { tag } of draft.tags) {
      const claimant = first.get(tag);
      if (claimant === undefined) first.set(tag, draft);
      else getOrMake(contested, tag, () => [claimant]).push(draft);
    }
  }
  const positions = new Map<Draft, ReadonlyMap<Tag, readonly Position[]>>();
  const positionsOf = (draft: Draft) =>
    getOrMake(positions, draft, ({ tags }) => new Map(tags.map(({ tag, at }) => [tag, at])));
  return Array.from(contested)
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([tag, claimants]) => ({
      tag,
      claims: claimants.map((draft) => ({
        digest: draft.digest,
        sources: draft.sources,
        at: positionsOf(draft).get(tag) ?? [],
      })),
    }));
}

function makeWant(draft: Draft, contested: ReadonlySet<Tag>): Want {
  if (contested.size === 0) return draft;
  return { ...draft, tags: draft.tags.filter(({ tag }) => !contested.has(tag)) };
}
