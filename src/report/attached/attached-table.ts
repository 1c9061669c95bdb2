import { oneLine } from '../../base/text.ts';
import { escapeCell, renderMarkdownTable, type Table } from '../render-table.ts';

/** Results of another program for the images of a run, such as tests and scans, in the Markdown report. */
export interface AttachedTable extends Table {
  readonly title: string;
  /** Lines below the table. */
  readonly notes: readonly string[];
}

/** Rows and notes of one table: a comment on a pull request holds 65,536 characters. */
const MAX_ROWS = 100;
const MAX_NOTES = 20;
/** Characters of a cell and of a note. */
const MAX_CELL = 120;
const MAX_NOTE = 300;

/** The sections of tables in Markdown. */
export function renderAttached(tables: readonly AttachedTable[]): readonly string[] {
  return tables.flatMap(({ title, header, rows, notes }) => [
    `### ${escapeCell(title)}`,
    renderMarkdownTable({ header, rows: rows.slice(0, MAX_ROWS).map((row) => row.map(shorten)) }),
    ...(rows.length > MAX_ROWS ? [`… and ${rows.length - MAX_ROWS} more rows.`] : []),
    ...renderNotes(notes),
  ]);
}

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
