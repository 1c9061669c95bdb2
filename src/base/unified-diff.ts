/** Unchanged lines around a change. */
const CONTEXT = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * A unified diff of two texts, as `patch` reads it; empty for equal texts. It is small where lines were added,
 * removed or moved, and its time hardly grows with the number of changes.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/diff.html
 */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return '';
  const lines = compareLines(splitLines(before), splitLines(after));
  const hunks = hunksOf(lines).map((hunk) => renderHunk(lines, hunk));
  return `--- a/${file}\n+++ b/${file}\n${hunks.join('')}`;
}

/** Lines with their line breaks. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Lines that both texts have once are matched, as in a patience diff. The lines between them are compared in order. */
function compareLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  const lines: Line[] = [];
  let [from, to] = [0, 0];
  for (const match of [...matchUniqueLines(before, after), { before: before.length, after: after.length }]) {
    lines.push(...compareInOrder(before.slice(from, match.before), after.slice(to, match.after)));
    const text = before[match.before];
    if (text !== undefined) lines.push({ mark: ' ', text });
    [from, to] = [match.before + 1, match.after + 1];
  }
  return lines;
}

/** The indexes of a line in both texts. */
interface LineMatch {
  readonly before: number;
  readonly after: number;
}

/** The longest sequence of unique lines that comes in the same order in both texts. */
function matchUniqueLines(before: readonly string[], after: readonly string[]): readonly LineMatch[] {
  const [old, fresh] = [uniqueLines(before), uniqueLines(after)];
  const chains: Chain[] = []; // the last match of the best sequence of each length
  for (const [text, index] of old) {
    const match = fresh.get(text);
    if (match === undefined) continue;
    const length = firstNotBelow(chains, match);
    chains[length] = { before: index, after: match, previous: chains[length - 1] };
  }
  const sequence: LineMatch[] = [];
  for (let chain = chains.at(-1); chain !== undefined; chain = chain.previous) sequence.push(chain);
  return sequence.toReversed();
}

interface Chain extends LineMatch {
  readonly previous: Chain | undefined;
}

function firstNotBelow(chains: readonly Chain[], after: number): number {
  let [low, high] = [0, chains.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chains[middle]?.after ?? 0) < after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The indexes of the lines that a text has once, in their order. */
function uniqueLines(lines: readonly string[]): ReadonlyMap<string, number> {
  const repeated = new Set<string>();
  const indexes = new Map<string, number>();
  for (const [index, text] of lines.entries()) {
    if (indexes.has(text)) repeated.add(text);
    else indexes.set(text, index);
  }
  for (const text of repeated) indexes.delete(text);
  return indexes;
}

/** A line of the old text that comes later in the new one waits for it; one that does not is removed. */
function compareInOrder(before: readonly string[], after: readonly string[]): readonly Line[] {
  const last = new Map(after.map((text, index) => [text, index]));
  const lines: Line[] = [];
  let next = 0;
  for (const text of before) {
    if ((last.get(text) ?? -1) < next) {
      lines.push({ mark: '-', text });
      continue;
    }
    while (after[next] !== text) lines.push({ mark: '+', text: after[next++] ?? '' });
    lines.push({ mark: ' ', text });
    next += 1;
  }
  for (const text of after.slice(next)) lines.push({ mark: '+', text });
  return lines;
}

interface Hunk {
  readonly start: number;
  readonly end: number;
}

/** Ranges of lines with a change in them; those that touch are one. */
function hunksOf(lines: readonly Line[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const [index, { mark }] of lines.entries()) {
    if (mark === ' ') continue;
    const hunk = { start: Math.max(0, index - CONTEXT), end: Math.min(lines.length, index + 1 + CONTEXT) };
    const last = hunks.at(-1);
    if (last !== undefined && hunk.start <= last.end)
      hunks[hunks.length - 1] = { start: last.start, end: hunk.end };
    else hunks.push(hunk);
  }
  return hunks;
}

function renderHunk(lines: readonly Line[], { start, end }: Hunk): string {
  const inside = lines.slice(start, end);
  const range = (sign: '-' | '+', without: '-' | '+') => {
    const count = inside.filter(({ mark }) => mark !== without).length;
    const before = lines.slice(0, start).filter(({ mark }) => mark !== without).length;
    return `${sign}${count === 0 ? before : before + 1},${count}`;
  };
  const body = inside.map(({ mark, text }) =>
    text.endsWith('\n') ? mark + text : `${mark}${text}\n${NO_LINE_BREAK}\n`,
  );
  return `@@ ${range('-', '+')} ${range('+', '-')} @@\n${body.join('')}`;
}

const NO_LINE_BREAK = '\\ No newline at end of file';
