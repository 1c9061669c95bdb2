import { button, element, factList, formatCount } from './dom.ts';
import type { Edge, PageModel } from './page-model.ts';
import { signOf } from './results.ts';

/** Everything about one image, in a dialog. */
export class Details {
  readonly dialog = element('dialog', { 'aria-labelledby': 'details-title' });
  readonly #model: PageModel;

  constructor(model: PageModel, onClose: () => void) {
    this.#model = model;
    this.dialog.addEventListener('close', onClose);
    this.dialog.addEventListener('click', ({ target }) => {
      if (target === this.dialog) this.dialog.close(); // outside of its content
    });
  }

  open(row: number): void {
    const content = element(
      'div',
      {},
      element(
        'header',
        {},
        element('h2', { id: 'details-title' }, this.#model.nameOf(row)),
        this.#closeButton(),
      ),
      factList(this.#facts(row)),
      ...this.#destinations(row),
    );
    this.dialog.replaceChildren(content);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  #closeButton(): HTMLButtonElement {
    const made = button('Close', () => this.dialog.close());
    made.autofocus = true;
    return made;
  }

  #facts(row: number): (readonly [string, Node | string])[] {
    const { matrix } = this.#model;
    const [group, tag, digest, file, place] = matrix.rows[row] ?? [0, null, 0, 0, ''];
    const source = matrix.groups[group]?.[1] ?? '';
    const [name = '', project = 0] = matrix.files[file] ?? [];
    const tags = this.#tagLinks(row);
    return [
      ['digest', matrix.digests[digest] ?? ''],
      ['tag', tag ?? '(no tag)'],
      ...(tags.length === 0 ? [] : [['other tags of this digest', element('ul', {}, ...tags)] as const]),
      ...(source === '' ? [] : [['source', source] as const]),
      ...(name === '' ? [] : [['project', matrix.projects[project] ?? ''] as const]),
      ...(name === '' ? [] : [['manifest', place === '' ? name : `${name}:${place}`] as const]),
    ];
  }

  /** Rows of one image with the same digest. */
  #tagLinks(row: number): HTMLElement[] {
    const { matrix } = this.#model;
    const own = matrix.rows[row];
    return matrix.rows.flatMap(([group, tag, digest], index) => {
      if (index === row || digest !== own?.[2] || tag === null) return [];
      if (matrix.groups[group]?.[0] !== matrix.groups[own[0]]?.[0]) return [];
      const link = element('a', { href: `#${encodeURIComponent(this.#model.linkOf(index))}` }, tag);
      return [element('li', {}, link)];
    });
  }

  /** A part for each result and reason, the worst first. */
  #destinations(row: number): HTMLElement[] {
    const groups = new Map<string, Edge[]>();
    for (const edge of this.#model.edgesOf(row)) {
      const key = `${edge.result} ${edge.reason}`;
      groups.set(key, [...(groups.get(key) ?? []), edge]);
    }
    const isProblem = ([edge]: readonly Edge[]) =>
      this.#model.matrix.results[edge?.result ?? 0]?.kind === 'problem';
    const all = Array.from(groups.values());
    const sorted = [...all.filter(isProblem), ...all.filter((edges) => !isProblem(edges))];
    return sorted.flatMap((edges) => this.#destinationPart(row, edges));
  }

  #destinationPart(row: number, edges: readonly Edge[]): HTMLElement[] {
    const { matrix } = this.#model;
    const [first] = edges;
    const result = matrix.results[first?.result ?? 0];
    const [reason = ''] = matrix.reasons[first?.reason ?? 0] ?? [];
    const name = this.#model.nameOf(row);
    const names = edges.map(({ registry }) => element('li', {}, this.#model.fullName(registry, name)));
    const sign = result === undefined ? [] : [signOf(result)];
    return [
      element('h3', {}, ...sign, ` ${result?.name ?? ''}: ${formatCount(edges.length)}`),
      element('p', {}, reason === '' ? (result?.meaning ?? '') : reason),
      element('ul', {}, ...names),
    ];
  }
}
