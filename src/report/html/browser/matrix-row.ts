import { element } from './dom.ts';
import type { PageModel } from './page-model.ts';
import { signOf, worstOf } from './results.ts';

/** A row of the matrix that shows one image after the other: neighbours differ in few cells, and to make all of them is slow. */
export class MatrixRow {
  readonly #model: PageModel;
  readonly #columns: readonly number[];
  readonly #image = element('span');
  readonly #tag = element('span');
  // one tab stop leads to all rows, and arrow keys to each
  readonly #link = element('a', { tabindex: '-1' }, this.#image, this.#tag);
  readonly #cells: readonly HTMLTableCellElement[];
  readonly #shown: string[] = [];
  readonly element: HTMLTableRowElement;

  constructor(model: PageModel, columns: readonly number[]) {
    this.#model = model;
    this.#columns = columns;
    this.#cells = columns.map(() => element('td'));
    const name = element('th', { scope: 'row', class: 'name' }, this.#link);
    this.element = element('tr', {}, name, ...this.#cells);
  }

  get hasFocus(): boolean {
    return document.activeElement === this.#link;
  }

  focus(): void {
    this.#link.focus({ preventScroll: true });
  }

  /** Shows the image of a row of the matrix, at a position of the table. */
  update(row: number, position: number): void {
    this.element.setAttribute('aria-rowindex', String(position + 2)); // the header is the first
    this.#updateName(row);
    const codes = new Map<number, number[]>();
    for (const { registry, result } of this.#model.edgesOf(row)) {
      const column = this.#model.matrix.registries[registry]?.[1] ?? 0;
      const known = codes.get(column);
      if (known === undefined) codes.set(column, [result]);
      else known.push(result);
    }
    for (const [index, column] of this.#columns.entries()) this.#updateCell(index, codes.get(column) ?? []);
  }

  /** The tag is shown in full, however long the name of the image is. */
  #updateName(row: number): void {
    const name = this.#model.nameOf(row);
    const [group] = this.#model.matrix.rows[row] ?? [0];
    const image = this.#model.matrix.groups[group]?.[0] ?? '';
    this.#image.textContent = image;
    this.#tag.textContent = name.slice(image.length);
    this.#link.title = name;
    this.#link.ariaLabel = name; // in one piece
    this.#link.href = `#${encodeURIComponent(this.#model.linkOf(row))}`;
  }

  #updateCell(index: number, codes: readonly number[]): void {
    const cell = this.#cells[index];
    const shown = codes.join(' ');
    if (cell === undefined || this.#shown[index] === shown) return;
    this.#shown[index] = shown;
    const results = codes.flatMap((code) => this.#model.matrix.results[code] ?? []);
    const worst = worstOf(results);
    cell.className = worst?.kind === 'problem' ? 'problem' : '';
    cell.replaceChildren(
      ...(worst === undefined ? [] : [signOf(worst, results.map(({ name }) => name).join(', '))]),
    );
  }
}
