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

/** The sections of tables in Markdown. */
export function renderAttached(tables: readonly AttachedTable[]): readonly string[] {
  return tables.flatMap(({ title, header, rows, notes }) => [
    `### ${escapeCell(title)}`,
    renderMarkdownTable({ header, rows: rows.slice(0, MAX_ROWS) }),
    ...(rows.length > MAX_ROWS ? [`… and ${rows.length - MAX_ROWS} more rows.`] : []),
    ...renderNotes(notes),
  ]);
}

function renderNotes(notes: readonly string[]): readonly string[] {
  if (notes.length === 0) return [];
  const more = notes.length > MAX_NOTES ? [`- … and ${notes.length - MAX_NOTES} more`] : [];
  return [[...notes.slice(0, MAX_NOTES).map((note) => `- ${escapeCell(note)}`), ...more].join('\n')];
}
