/** Unchanged lines around a change. */
const CONTEXT = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * A unified diff of two texts, as `patch` reads it; empty for equal texts. Its time grows with the number of lines
 * alone: it is small where lines were added to the text, and correct for any other.
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

/** A line of the old text that comes later in the new one waits for it; one that does not is removed. */
function compareLines(before: readonly string[], after: readonly string[]): readonly Line[] {
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
