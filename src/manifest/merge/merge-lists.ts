import type { ImageName } from '../../image/repository.ts';
import { editImages } from '../edit/edit-images.ts';
import { formatManifest, isCanonical } from '../format/format-manifest.ts';
import { SourceFile } from '../source-file.ts';
import { describeContradiction, findContradictions, type ListVersions } from './find-contradictions.ts';
import { entriesWithout, keyOf, type ListEntry, readListContent, type ThreeTexts } from './list-content.ts';
import { markContradictions } from './mark-contradictions.ts';
import { removeEntries } from './remove-entries.ts';

/** Merges of the lines of the three texts. */
export interface LineMerges {
  /** With conflict markers. */
  readonly marked: () => Promise<MarkedText>;
  /** With the lines of both sides in place of each conflict. */
  readonly union: () => Promise<string>;
}

export interface MarkedText {
  readonly text: string;
  readonly isClean: boolean;
}

/** The result of merging two lists of images. */
export type ListMerge =
  | { readonly kind: 'merged'; readonly text: string }
  /** The text has conflict markers. At least one reason. */
  | { readonly kind: 'conflict'; readonly text: string; readonly reasons: readonly string[] }
  /** Merged by lines, as git does. */
  | { readonly kind: 'by-lines'; readonly text: string; readonly isClean: boolean; readonly reason: string };

/**
 * Merges the images, digests and tags that each side adds and removes. Lines of both sides are kept where they hold the
 * merged content; otherwise their entries are added to and removed from our text.
 */
export async function mergeLists(texts: ThreeTexts, lines: LineMerges): Promise<ListMerge> {
  const [base, ours, theirs] = [texts.base, texts.ours, texts.theirs].map(readListContent);
  if (base === undefined || ours === undefined || theirs === undefined) {
    const side = base === undefined ? 'the base' : ours === undefined ? 'our side' : 'their side';
    return await byLines(lines, `${side} is not a list of images`);
  }
  const versions = { base, ours, theirs };
  const merged = mergedEntries(versions);
  const contradictions = findContradictions(versions, merged);
  if (contradictions.length > 0) {
    const marked = await lines.marked();
    const text = marked.isClean ? markContradictions(marked.text, texts, contradictions) : marked.text;
    return { kind: 'conflict', text, reasons: contradictions.map(describeContradiction) };
  }
  const isWanted = (text: string) => hasContent(text, versions, merged) && keepsComments(text, texts);
  const union = await lines.union();
  const text = isWanted(union) ? union : editOurs(versions);
  if (text === undefined || !isWanted(text)) return await byLines(lines, 'entries or comments would be lost');
  return {
    kind: 'merged',
    text: isCanonical(texts.ours) && isCanonical(texts.theirs) ? canonical(text) : text,
  };
}

async function byLines(lines: LineMerges, reason: string): Promise<ListMerge> {
  return { kind: 'by-lines', ...(await lines.marked()), reason };
}

/** The entries of both sides, and those that one side has added. */
function mergedEntries({ base, ours, theirs }: ListVersions): readonly ListEntry[] {
  const isKept = (key: string) => ours.entries.has(key) && theirs.entries.has(key);
  const all = new Map([...ours.entries, ...theirs.entries]);
  return Array.from(all)
    .filter(([key]) => isKept(key) || !base.entries.has(key))
    .map(([, entry]) => entry);
}

function hasContent(text: string, { ours, theirs }: ListVersions, merged: readonly ListEntry[]): boolean {
  const content = readListContent(text);
  return (
    content !== undefined &&
    content.faults <= Math.max(ours.faults, theirs.faults) &&
    content.entries.size === merged.length &&
    merged.every((entry) => content.entries.has(keyOf(entry)))
  );
}

/** True if the text has every comment that no side has removed, as often as the sides have it. */
function keepsComments(text: string, { base, ours, theirs }: ThreeTexts): boolean {
  const after = commentsOf(text);
  const [before, our, their] = [commentsOf(base), commentsOf(ours), commentsOf(theirs)];
  return Array.from(new Set([...our.keys(), ...their.keys()])).every((comment) => {
    const count = (comments: CountedComments) => comments.get(comment) ?? 0;
    const left = (side: CountedComments, other: CountedComments) =>
      count(side) - Math.max(0, count(before) - count(other));
    return count(after) >= Math.max(left(our, their), left(their, our));
  });
}

type CountedComments = ReadonlyMap<string, number>;

/** The grammar of names, digests and tags has no `#`. */
function commentsOf(text: string): CountedComments {
  const counts = new Map<string, number>();
  for (const [match] of text.matchAll(/(?<=^|\s)#.*$/gm)) {
    const comment = match.trimEnd();
    counts.set(comment, (counts.get(comment) ?? 0) + 1);
  }
  return counts;
}

/** Our text with the changes of the other side. */
function editOurs({ base, ours, theirs }: ListVersions): string | undefined {
  if (theirs.faults > 0) return undefined; // malformed entries would be lost
  const isKnown = (name: ImageName) => base.empty.has(name) || ours.empty.has(name);
  if (!Array.from(theirs.empty).every(isKnown)) return undefined;
  const removed = entriesWithout(base, theirs);
  const text = removeEntries(ours, removed);
  if (text === undefined) return undefined;
  const edit = editImages({ file: '', text }, entriesWithout(theirs, base));
  if (edit.kind === 'refused') return undefined;
  return edit.kind === 'edited' ? edit.text : text;
}

function canonical(text: string): string {
  const formatted = formatManifest(new SourceFile('', text));
  return formatted.kind === 'formatted' ? formatted.text : text;
}
