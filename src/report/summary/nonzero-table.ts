import { renderTable, type Table } from '../render-table.ts';
import { wrap } from './style.ts';

type Cell = string | number;

/** A table without the rows whose numbers are all 0, then without the columns of nothing but zeros and empty texts. */
export function withoutZeros({ header, rows }: Table): Table {
  const isZero = (cell: Cell | undefined) => cell === 0 || cell === '';
  const kept = rows.filter((row) => row.some((cell) => typeof cell === 'number' && cell !== 0));
  const columns = header
    .map((_, column) => column)
    .filter((column) => kept.some((row) => !isZero(row[column])));
  const pick = (cells: readonly Cell[]) => columns.map((column) => cells[column] ?? '');
  return { header: pick(header).map(String), rows: kept.map(pick) };
}

/** A table, or, where it is wider than the terminal, a line of facts for each row. */
export function renderFacts(table: Table, columns: number | undefined): string {
  const text = renderTable(table);
  const width = text.split('\n').reduce((widest, line) => Math.max(widest, line.length), 0);
  if (columns === undefined || width <= columns) return text;
  const { header, rows } = table;
  const facts = ([name = '', ...cells]: readonly Cell[]) => {
    const known = cells.flatMap((cell, index) =>
      cell === 0 || cell === '' ? [] : [`${header[index + 1]} ${cell}`],
    );
    return wrap(`${name}: ${known.join(', ')}`, columns, '  ');
  };
  return rows.map(facts).join('\n');
}
