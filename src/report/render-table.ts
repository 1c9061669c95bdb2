import { oneLine } from '../base/text.ts';

type Row = readonly (string | number)[];

/** A table in plain text: columns of numbers flush right, the others flush left, two spaces between. */
export function renderTable(header: readonly string[], rows: readonly Row[]): string {
  const widths = header.map((title, column) =>
    rows.reduce((width, row) => Math.max(width, String(row[column]).length), title.length),
  );
  const numeric = numericColumns(header, rows);
  const cell = (value: string | number, column: number) => {
    const width = widths[column] ?? 0;
    return numeric[column] ? String(value).padStart(width) : String(value).padEnd(width);
  };
  return [header, ...rows].map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** The same table in Markdown. */
export function renderMarkdownTable(header: readonly string[], rows: readonly Row[]): string {
  const line = (row: Row) => `| ${row.map((cell) => escapeCell(String(cell))).join(' | ')} |`;
  const numeric = numericColumns(header, rows);
  const rule = `|${header.map((_, column) => (numeric[column] ? ' ---: ' : ' --- ')).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

function numericColumns(header: readonly string[], rows: readonly Row[]): boolean[] {
  return header.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
}

/** A cell may hold what others have said: it ends no cell, and becomes no HTML, link, image or mention. */
function escapeCell(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY)
    .replace(/[\\|]/g, '\\$&')
    .replaceAll('<', '&lt;')
    .replaceAll('](', ']\\(')
    .replace(/(?<!\w)@(?=\w)/g, '@<!-- -->');
}
