import { applySplices, endOfEntry, endOfLine, lineBreakOf, startOfLine } from '../edit/text-layout.ts';
import type { YamlEntry } from '../yaml/yaml-tree.ts';
import type { Contradiction } from './find-contradictions.ts';
import { type ListEntry, readListContent, type ThreeTexts } from './list-content.ts';

/**
 * Adds conflict markers around each contradiction to a text that git merged without conflicts. If one cannot be marked by
 * itself, the whole text is marked.
 */
export function markContradictions(
  text: string,
  { ours, theirs }: ThreeTexts,
  contradictions: readonly Contradiction[],
): string {
  let marked: string | undefined = text;
  for (const contradiction of contradictions)
    marked =
      contradiction.kind === 'tag' && marked !== undefined ? markTag(marked, contradiction) : undefined;
  return marked ?? conflictOf(ours, theirs, lineBreakOf(text));
}

type TagContradiction = Extract<Contradiction, { readonly kind: 'tag' }>;

/** Moves the line of their digest to the line of ours, with markers around both. */
function markTag(text: string, { ours, theirs }: TagContradiction): string | undefined {
  const [our, their] = [lineOf(text, ours), lineOf(text, theirs)];
  if (our === undefined || their === undefined) return undefined;
  const conflict = conflictOf(
    text.slice(our.start, our.end),
    text.slice(their.start, their.end),
    lineBreakOf(text),
  );
  return applySplices(text, [
    { at: our.start, removed: our.end - our.start, text: conflict },
    { at: their.start, removed: their.end - their.start, text: '' },
  ]);
}

interface LineRange {
  readonly start: number;
  readonly end: number;
}

/** The lines of a digest; undefined if they contain anything else. */
function lineOf(text: string, { name, digest }: ListEntry): LineRange | undefined {
  const root = readListContent(text.replaceAll(/^(?:<{7}|={7}|>{7}).*$/gm, blank))?.root;
  const images = root?.kind === 'list' ? root.items : [];
  for (const image of images) {
    if (image.kind !== 'map') continue;
    const isNamed = image.entries.some(
      ({ key, value }) => key.value === 'name' && value.kind === 'scalar' && value.value === name,
    );
    const dmap = image.entries.find(({ key }) => key.value === 'dmap')?.value;
    const entry = dmap?.kind === 'map' ? dmap.entries.find(({ key }) => key.value === digest) : undefined;
    if (isNamed && entry !== undefined) return wholeLines(text, entry);
  }
  return undefined;
}

/** Markers of earlier contradictions as comments of the same length. */
function blank(line: string): string {
  return '#'.repeat(line.length);
}

function wholeLines(text: string, entry: YamlEntry): LineRange | undefined {
  const start = startOfLine(text, entry.key.at);
  const end = endOfLine(text, endOfEntry(text, entry));
  const isAlone =
    text.slice(start, entry.key.at).trim() === '' &&
    /^\s*(?:#.*)?$/.test(text.slice(endOfEntry(text, entry), end));
  const next = text.indexOf('\n', end);
  return isAlone && next !== -1 ? { start, end: next + 1 } : undefined;
}

function conflictOf(ours: string, theirs: string, lineBreak: string): string {
  const closed = (side: string) => (side === '' || side.endsWith('\n') ? side : side + lineBreak);
  return `<<<<<<< ours${lineBreak}${closed(ours)}=======${lineBreak}${closed(theirs)}>>>>>>> theirs${lineBreak}`;
}
