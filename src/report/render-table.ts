import { escapeCode, escapeMarkdown, oneLine } from '../base/text.ts';

type Row = readonly (string | number)[];

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

/** A table in plain text: columns of numbers flush right, the others flush left, two spaces between. */
export function renderTable({ header, rows }: Table): string {
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, String(row[column]).length), title.length),
  );
  const numeric = numericColumns({ header, rows });
  const cell = (value: string | number, column: number) => {
    const width = widths[column] ?? 0;
    return numeric[column] ? String(value).padStart(width) : String(value).padEnd(width);
  };
  return [header, ...rows].map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** The same table in Markdown. */
export function renderMarkdownTable({ header, rows }: Table): string {
  const numeric = numericColumns({ header, rows });
  const rule = `|${header.map((_, column) => (numeric[column] ? ' ---: ' : ' --- ')).join('|')}|`;
  return [renderMarkdownRow(header), rule, ...rows.map(renderMarkdownRow)].join('\n');
}

/** A row of such a table. */
export function renderMarkdownRow(row: Row): string {
  return `| ${row.map((cell) => escapeCell(String(cell))).join(' | ')} |`;
}

function numericColumns({ header, rows }: Table): boolean[] {
  return header.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
}

/** Untrusted text as code, in a cell or anywhere else in Markdown. */
export function codeCell(text: string): string {
  return `<code>${escapeCode(oneLine(text, Number.POSITIVE_INFINITY)) || '&#32;'}</code>`;
}

/** Escapes untrusted text: it cannot end a line or a cell. */
export function escapeCell(text: string): string {
  return escapeMarkdown(oneLine(text, Number.POSITIVE_INFINITY));
}
