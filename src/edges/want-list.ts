import { addTo, getOrMake } from '../base/maps.ts';
import type { Position } from '../base/position.ts';
import { compareText, sortedBy } from '../base/sorted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { ImageEntry } from '../manifest/model.ts';
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
  const drafts = collectDrafts(entries);
  const conflicts = findConflicts(drafts);
  const contested = new Set(conflicts.map((conflict) => conflict.tag));
  const wants = sortedBy(drafts.values(), (draft) => draft.digest)
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

interface Draft {
  readonly digest: Digest;
  sources: readonly Repository[];
  siblings: readonly Repository[];
  readonly tags: Map<Tag, Position[]>;
  tagless: Position | undefined;
}

function collectDrafts(entries: readonly SourcedEntry[]): Map<Digest, Draft> {
  const drafts = new Map<Digest, Draft>();
  for (const { source, entry, siblingsOf } of entries) {
    const own = [source]; // shared by the digests of an image
    for (const { digest, tags, at } of entry.digests) {
      const draft = getOrMake(drafts, digest, () => newDraft(digest, own));
      if (!draft.sources.includes(source)) draft.sources = [...draft.sources, source];
      draft.siblings = union(draft.siblings, siblingsOf(digest));
      if (tags.length === 0) draft.tagless ??= at;
      for (const { tag, at } of tags) addTo(draft.tags, tag, at);
    }
  }
  return drafts;
}

function newDraft(digest: Digest, sources: readonly Repository[]): Draft {
  return { digest, sources, siblings: [], tags: new Map(), tagless: undefined };
}

/** One of the lists itself where the other adds nothing: most digests of an image share theirs. */
function union(a: readonly Repository[], b: readonly Repository[]): readonly Repository[] {
  if (a === b || b.length === 0) return a;
  return a.length === 0 ? b : Array.from(new Set([...a, ...b])).toSorted(compareText);
}

function findConflicts(drafts: ReadonlyMap<Digest, Draft>): Conflict[] {
  const first = new Map<Tag, Draft>();
  const contested = new Map<Tag, Draft[]>();
  for (const draft of drafts.values()) {
    for (const tag of draft.tags.keys()) {
      const claimant = first.get(tag);
      if (claimant === undefined) first.set(tag, draft);
      else getOrMake(contested, tag, () => [claimant]).push(draft);
    }
  }
  return Array.from(contested)
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([tag, drafts]) => ({
      tag,
      claims: sortedBy(drafts, (draft) => draft.digest).map((draft) => ({
        digest: draft.digest,
        sources: draft.sources,
        at: draft.tags.get(tag) ?? [],
      })),
    }));
}

function makeWant(draft: Draft, contested: ReadonlySet<Tag>): Want {
  const tags: WantedTag[] = [];
  for (const [tag, at] of draft.tags) if (!contested.has(tag)) tags.push({ tag, at });
  const { digest, tagless, sources, siblings } = draft;
  // a sorted copy has no spare room: most have one tag, and a quarter of the memory would be for more
  return { digest, tags: tags.toSorted((a, b) => compareText(a.tag, b.tag)), tagless, sources, siblings };
}
