import { renderTable, type Table } from '../render-table.ts';
import { wrap } from './style.ts';

type Cell = string | number;

/** A table without rows whose numbers are all 0, and without columns of only zeros and empty cells. */
export function withoutZeros({ header, rows }: Table): Table {
  const isZero = (cell: Cell | undefined) => cell === 0 || cell === '';
  const kept = rows.filter((row) => row.some((cell) => typeof cell === 'number' && cell !== 0));
  const columns = header
    .map((_, column) => column)
    .filter((column) => kept.some((row) => !isZero(row[column])));
  const pick = (cells: readonly Cell[]) => columns.map((column) => cells[column] ?? '');
  return { header: pick(header).map(String), rows: kept.map(pick) };
}

/** Renders a table; a table wider than the terminal becomes a line for each row. */
export function renderFitted(table: Table, columns: number | undefined): string {
  const text = renderTable(table);
  const width = text.split('\n').reduce((widest, line) => Math.max(widest, line.length), 0);
  if (columns === undefined || width <= columns) return text;
  const { header, rows } = table;
  const lineOf = ([name = '', ...cells]: readonly Cell[]) => {
    const facts = cells.flatMap((cell, index) =>
      cell === 0 || cell === '' ? [] : [`${header[index + 1]} ${cell}`],
    );
    return wrap(`${name}: ${facts.join(', ')}`, columns, '  ');
  };
  return rows.map(lineOf).join('\n');
}
