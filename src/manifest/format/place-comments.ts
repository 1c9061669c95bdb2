import { endOf, startOfLine } from '../edit/text-layout.ts';
import type { Entry, Obstacle, Row } from './read-entries.ts';

/** The comments of a text, by row and entry. Blank lines are empty comments. */
export interface Comments {
  readonly above: ReadonlyMap<Row, readonly string[]>;
  /** On the line of a row, with the spaces before them. */
  readonly beside: ReadonlyMap<Row, string>;
  /** Below the children of an entry, indented like them. */
  readonly below: ReadonlyMap<Entry, readonly string[]>;
  readonly atEnd: readonly string[];
}

interface PlacedRow {
  readonly row: Row;
  /** The list item that contains the row. */
  readonly item: Entry | undefined;
}

/** Finds every comment after an offset. Other text between the rows is an obstacle. */
export function placeComments(text: string, entries: readonly Entry[], start: number): Comments | Obstacle {
  const rows = rowsOf(entries).toSorted((a, b) => a.row.at - b.row.at);
  const above = new Map<Row, readonly string[]>();
  const beside = new Map<Row, string>();
  const below = new Map<Entry, readonly string[]>();
  for (const [index, next] of [...rows, undefined].entries()) {
    const previous = rows[index - 1];
    const gap = readGap(text, previous?.row.end ?? start, next?.row.at ?? text.length);
    if ('reason' in gap) return gap;
    const [first] = previous === undefined ? [] : gap;
    if (previous !== undefined && first?.comment) beside.set(previous.row, first.spaces + first.comment);
    const lines = tidy(gap.slice(previous === undefined ? 0 : 1, next === undefined ? undefined : -1));
    const inner = next === undefined ? [] : commentsInside(text, next.row);
    if ('reason' in inner) return inner;
    const count = countBelow(lines, { text, previous, next });
    const texts = lines.map(({ comment }) => comment);
    if (previous?.item !== undefined && count > 0) below.set(previous.item, texts.slice(0, count));
    if (next === undefined) return { above, beside, below, atEnd: texts.slice(count) };
    above.set(next.row, [...texts.slice(count), ...inner]);
  }
  return { above, beside, below, atEnd: [] };
}

function rowsOf(entries: readonly Entry[], item?: Entry): readonly PlacedRow[] {
  return entries.flatMap((entry) => {
    const isItem = entry.rows.some(({ text }) => text.startsWith('- '));
    const owner = isItem ? entry : item;
    return [...entry.rows.map((row) => ({ row, item: owner })), ...rowsOf(entry.children, owner)];
  });
}

/** A line between rows: a comment, or a blank line where `comment` is empty. */
interface GapLine {
  readonly comment: string;
  readonly spaces: string;
  readonly column: number;
  /** Whether it has brackets, dashes or commas. */
  readonly isStructure: boolean;
}

function readGap(text: string, from: number, to: number): readonly GapLine[] | Obstacle {
  let at = from;
  const lines: GapLine[] = [];
  for (const line of text.slice(from, to).split('\n')) {
    const hash = line.search(COMMENT);
    const before = hash === -1 ? line : line.slice(0, hash);
    const other = before.search(OTHER_TEXT);
    if (other !== -1) return { at: at + other, reason: UNSUPPORTED };
    const structure = before.trimEnd();
    lines.push({
      comment: hash === -1 ? '' : line.slice(hash).trimEnd(),
      spaces: before.slice(structure.length).replaceAll('\t', ' ') || ' ',
      column: at + before.length - startOfLine(text, at),
      isStructure: structure !== '',
    });
    at += line.length + 1;
  }
  return lines;
}

const COMMENT = /(?<!\S)#/;
/** Text other than the dashes, brackets and commas that formatting rewrites. Document markers count as text. */
const OTHER_TEXT = /^(?:---|\.\.\.)|[^\s\-[\]{}:,]/;
const UNSUPPORTED =
  'anchors, aliases, YAML tags, explicit keys, block scalars and second documents are not supported';

/** Comments between the scalars of a row, such as tags on separate lines. */
function commentsInside(text: string, { scalars, end }: Row): readonly string[] | Obstacle {
  const comments: string[] = [];
  for (const [index, scalar] of (scalars ?? []).entries()) {
    const gap = readGap(text, endOf(text, scalar), scalars?.[index + 1]?.at ?? end);
    if ('reason' in gap) return gap;
    comments.push(...gap.map(({ comment }) => comment).filter((comment) => comment !== ''));
  }
  return comments;
}

/** Comment lines and single blank lines. */
function tidy(lines: readonly GapLine[]): readonly GapLine[] {
  const shown = lines.filter(({ comment, isStructure }) => comment !== '' || !isStructure);
  return shown.filter(({ comment }, index) => comment !== '' || shown[index - 1]?.comment !== '');
}

/** The number of lines that belong below the row before: up to the last comment that is indented deeper than the next row. */
function countBelow(
  lines: readonly GapLine[],
  {
    text,
    previous,
    next,
  }: {
    readonly text: string;
    readonly previous: PlacedRow | undefined;
    readonly next: PlacedRow | undefined;
  },
): number {
  if (previous === undefined || previous.row.indent <= (next?.row.indent ?? 0)) return 0;
  const column = next === undefined ? 0 : indentationOf(text, next.row.at);
  const outer = lines.findIndex((line) => line.comment !== '' && line.column <= column);
  return (
    lines.slice(0, outer === -1 ? lines.length : outer).findLastIndex(({ comment }) => comment !== '') + 1
  );
}

function indentationOf(text: string, at: number): number {
  return /^ */.exec(text.slice(startOfLine(text, at), at))?.[0].length ?? 0;
}
