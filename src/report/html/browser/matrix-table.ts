import { element, formatCount } from './dom.ts';
import { MatrixRow } from './matrix-row.ts';
import type { PageModel } from './page-model.ts';

/** Rows that are made beyond both edges of the window. */
const OVERSCAN = 8;
/** Rows of a printed page, which has no window. */
const MAX_PRINTED = 2_000;
/** Rows of the first window, before its height is known. */
const FIRST_ROWS = 24;

/** The matrix as a table that has the rows in its window only: its size does not depend on how many there are. */
export class MatrixTable {
  readonly window = element('div', {
    class: 'window',
    tabindex: '0',
    role: 'group',
    'aria-label': 'Images: arrow keys move, Enter opens',
  });
  readonly #model: PageModel;
  readonly #table = element('table', { class: 'matrix' });
  readonly #head = element('thead');
  readonly #body = element('tbody');
  readonly #above = spacer();
  readonly #below = spacer();
  /** By position, in order. */
  #made: ReadonlyMap<number, MatrixRow> = new Map();
  #rows: readonly number[] = [];
  #columns: readonly number[] = [];
  /** The position that arrow keys start from. */
  #active = 0;
  #rowHeight = 28;
  #isPrinting = false;

  constructor(model: PageModel) {
    this.#model = model;
    this.#table.append(
      element('caption', { class: 'hidden' }, 'Images and destinations'),
      this.#head,
      this.#body,
    );
    this.window.append(this.#table);
    this.window.addEventListener('scroll', () => requestAnimationFrame(() => this.#render()), {
      passive: true,
    });
    this.window.addEventListener('keydown', (event) => this.#onKey(event));
    window.addEventListener('resize', () => this.#measure());
    window.addEventListener('beforeprint', () => this.#print(true));
    window.addEventListener('afterprint', () => this.#print(false));
  }

  /** Shows these rows and columns from the top. */
  show(rows: readonly number[], columns: readonly number[]): void {
    this.#rows = rows;
    this.#columns = columns;
    this.#active = 0;
    this.window.scrollTop = 0;
    this.#table.setAttribute('aria-rowcount', String(rows.length + 1));
    this.#head.replaceChildren(this.#header());
    this.#made = new Map();
    this.#body.replaceChildren(this.#above, this.#below);
    this.#render();
    this.#measure();
  }

  /** Scrolls to a row and focuses it; nothing where the filter hides it. */
  focus(row: number): void {
    const position = this.#rows.indexOf(row);
    if (position !== -1) this.#focusAt(position);
  }

  #header(): HTMLTableRowElement {
    const names = this.#columns.map((column) => this.#model.matrix.columns[column] ?? '');
    return element(
      'tr',
      { 'aria-rowindex': '1' },
      element('th', { scope: 'col', class: 'name' }, 'image'),
      ...names.map((name) => element('th', { scope: 'col', title: name }, element('span', {}, name))),
    );
  }

  /** Makes the rows of the window that are missing, from those that have left it. */
  #render(): void {
    const { first, end } = this.#range();
    const free: MatrixRow[] = [];
    for (const [position, row] of this.#made) {
      if (position >= first && position < end) continue;
      if (row.hasFocus) this.window.focus({ preventScroll: true });
      free.push(row);
    }
    const made: [number, MatrixRow][] = [];
    let next: Element = this.#below;
    for (let position = end - 1; position >= first; position--) {
      const row = this.#made.get(position) ?? this.#rowAt(position, free.pop());
      if (row.element.nextElementSibling !== next) next.before(row.element);
      next = row.element;
      made.push([position, row]);
    }
    for (const row of free) row.element.remove();
    this.#made = new Map(made.toReversed());
    setHeight(this.#above, first * this.#rowHeight);
    setHeight(this.#below, (this.#rows.length - end) * this.#rowHeight);
  }

  #rowAt(position: number, row = new MatrixRow(this.#model, this.#columns)): MatrixRow {
    row.update(this.#rows[position] ?? 0, position);
    return row;
  }

  #range(): { readonly first: number; readonly end: number } {
    if (this.#isPrinting) return { first: 0, end: Math.min(MAX_PRINTED, this.#rows.length) };
    const { scrollTop, clientHeight } = this.window;
    const inWindow = Math.max(FIRST_ROWS, Math.ceil(clientHeight / this.#rowHeight));
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - OVERSCAN);
    return { first, end: Math.min(this.#rows.length, first + inWindow + 2 * OVERSCAN) };
  }

  /** All rows have one height, which the size of the text decides. */
  #measure(): void {
    const [row] = this.#made.values();
    this.#rowHeight = row?.element.getBoundingClientRect().height || this.#rowHeight;
    this.#render();
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.window.clientHeight / this.#rowHeight) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#rows.length,
      End: this.#rows.length,
    };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [focused] = Array.from(this.#made).find(([, row]) => row.hasFocus) ?? [];
    const isEntered = focused === undefined && Math.abs(step) === 1; // an arrow enters the table first
    this.#focusAt((focused ?? this.#active) + (isEntered ? 0 : step));
  }

  #focusAt(wanted: number): void {
    const position = Math.min(this.#rows.length - 1, Math.max(0, wanted));
    const top = position * this.#rowHeight;
    const visible = this.window.clientHeight - this.#head.offsetHeight - this.#rowHeight;
    if (top < this.window.scrollTop) this.window.scrollTop = top;
    else if (top > this.window.scrollTop + visible) this.window.scrollTop = top - visible;
    this.#active = position;
    this.#render();
    this.#made.get(position)?.focus();
  }

  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting;
    const hidden = this.#rows.length - MAX_PRINTED;
    if (isPrinting && hidden > 0)
      this.window.dataset['hidden'] =
        `${formatCount(hidden)} more rows are not printed: filter the images first`;
    else delete this.window.dataset['hidden'];
    this.#render();
  }
}

/** The height of rows that are not there. */
function spacer(): HTMLTableRowElement {
  return element('tr', { class: 'spacer', 'aria-hidden': 'true' }, element('td'));
}

function setHeight(row: HTMLTableRowElement, height: number): void {
  row.style.height = `${height}px`;
}
