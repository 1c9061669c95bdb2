import { button, element, formatCount, section } from './dom.ts';

/** Rows that are shown at once. */
const STEP = 200;

interface Table {
  readonly title: string;
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number | Node)[])[];
}

const NUMBER = /^[\d.,]+(?: [kMGTP]?B(?:\/s)?)?$/;

/** A section with a table, which a long one shows in parts. */
export function tableSection({ title, note, header, rows }: Table, id: string): HTMLElement {
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
  return section(title, id, ...notes, scroll, more);
}

function tableRow(cells: Table['rows'][number]): HTMLTableRowElement {
  const made = cells.map((cell) => {
    if (cell instanceof Node) return element('td', {}, cell);
    const text = typeof cell === 'number' ? formatCount(cell) : cell;
    return element('td', NUMBER.test(text) ? { class: 'number' } : {}, text);
  });
  return element('tr', {}, ...made);
}
