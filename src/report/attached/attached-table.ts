import { countOf, oneLine } from '../../base/text.ts';
import { escapeCell, renderMarkdownRow, renderMarkdownTable, type Table } from '../render-table.ts';
import type { CommentRoom } from '../summary/comment-room.ts';

/** Results of another program, such as tests and scans, for the Markdown report. */
export interface AttachedTable extends Table {
  readonly title: string;
  /** Lines below the table. */
  readonly notes: readonly string[];
  /** Whether the table is collapsed. Default: it is not. */
  readonly isFolded?: boolean;
}

/** Notes of one table. */
const MAX_NOTES = 20;
/** Characters of a cell and of a note. */
const MAX_CELL = 120;
const MAX_NOTE = 300;

/** Characters of the rows of all tables. The rest of the comment is for the review. */
const MAX_CHARACTERS = 10_000;

/** A Markdown section for each table. */
export function renderAttached(tables: readonly AttachedTable[], room: CommentRoom): readonly string[] {
  const part = room.part(MAX_CHARACTERS);
  return tables.flatMap(({ title, header, rows, notes, isFolded }) => {
    const shown = rows.map((row) => row.map(shorten)).filter((row) => part.take(renderMarkdownRow(row)));
    const hidden = rows.length - shown.length;
    const [begin, end] = isFolded ? FOLDED : OPEN;
    return [
      `${begin}${escapeCell(title)}${end}`,
      renderMarkdownTable({ header, rows: shown }),
      ...(hidden > 0 ? [`… and ${countOf(hidden, 'more row')}.`] : []),
      ...renderNotes(notes),
      ...(isFolded ? ['</details>'] : []),
    ];
  });
}

const OPEN = ['### ', ''] as const;
const FOLDED = ['<details><summary>', '</summary>'] as const;

function renderNotes(notes: readonly string[]): readonly string[] {
  if (notes.length === 0) return [];
  const more = notes.length > MAX_NOTES ? [`- … and ${notes.length - MAX_NOTES} more`] : [];
  return [
    [...notes.slice(0, MAX_NOTES).map((note) => `- ${escapeCell(oneLine(note, MAX_NOTE))}`), ...more].join(
      '\n',
    ),
  ];
}

function shorten<Cell extends string | number>(cell: Cell): string | Cell {
  return typeof cell === 'string' ? oneLine(cell, MAX_CELL) : cell;
}
