import type { PageTable } from '../page-data.ts';
import { button, element, formatCount, section } from './dom.ts';

/** Rows that are shown at once. */
const STEP = 200;
const NUMBER = /^[\d.,]+(?: [kMGTP]?B(?:\/s)?)?$/;

/** A section with a table, which a long one shows in parts. */
export function tableSection({ title, note, header, rows }: PageTable, index: number): HTMLElement {
  const body = element('tbody');
  const head = header.map((name) => element('th', { scope: 'col' }, name));
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), body);
  const more = button('', () => append());
  const append = () => {
    const from = body.childElementCount;
    body.append(...rows.slice(from, from + STEP).map(tableRow));
    const left = rows.length - body.childElementCount;
    more.hidden = left === 0;
    more.textContent = `Show ${formatCount(Math.min(STEP, left))} of ${formatCount(left)} more`;
  };
  append();
  const scroll = element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': title },
    table,
  );
  const notes = note === '' ? [] : [element('p', {}, note)];
  return section(title, `table-${index}`, ...notes, scroll, more);
}

function tableRow(cells: PageTable['rows'][number]): HTMLTableRowElement {
  const made = cells.map((cell) => {
    const text = typeof cell === 'number' ? formatCount(cell) : cell;
    return element('td', NUMBER.test(text) ? { class: 'number' } : {}, text);
  });
  return element('tr', {}, ...made);
}
