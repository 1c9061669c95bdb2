import { button, element, formatCount } from './dom.ts';
import { type Filter, NO_FILTER, type PageModel } from './page-model.ts';

/** The filters of the matrix. A choice that would have one option is left out. */
export class FilterForm {
  readonly form: HTMLFormElement;
  readonly #text = element('input', { type: 'search', id: 'text', autocomplete: 'off', spellcheck: 'false' });
  readonly #project: HTMLSelectElement;
  readonly #result: HTMLSelectElement;
  readonly #host: HTMLSelectElement;
  readonly #cause: HTMLSelectElement;
  readonly #onChange: () => void;

  constructor({ matrix, hosts }: PageModel, causes: readonly string[], onChange: () => void) {
    this.#onChange = onChange;
    this.#project = choice('project', named(matrix.projects));
    this.#result = choice(
      'decision',
      matrix.results.map(({ name, edges }, index) => [String(index), `${name} (${formatCount(edges)})`]),
    );
    this.#host = choice(
      'host',
      Array.from(new Set(hosts))
        .toSorted()
        .map((host) => [host, host]),
    );
    this.#cause = choice('cause', named(causes));
    const reset = button('Reset', () => this.set({}));
    this.form = element(
      'form',
      { role: 'search', 'aria-label': 'Filter the images' },
      field('search', this.#text),
      ...[this.#project, this.#result, this.#host, this.#cause]
        .filter(({ id, options }) => options.length > (id === 'cause' ? 1 : 2))
        .map((select) =>
          field(select === this.#host && matrix.kind === 'sides' ? 'side' : select.id, select),
        ),
      reset,
    );
    this.form.addEventListener('input', onChange);
    this.form.addEventListener('submit', (event) => event.preventDefault());
  }

  get filter(): Filter {
    return {
      text: this.#text.value,
      project: numberIn(this.#project),
      result: numberIn(this.#result),
      host: this.#host.value,
      cause: numberIn(this.#cause),
    };
  }

  /** Sets these filters and no others. */
  set(filter: Partial<Filter>): void {
    const all = { ...NO_FILTER, ...filter };
    const write = (value: number) => (value === -1 ? '' : String(value));
    this.#text.value = all.text;
    this.#project.value = write(all.project);
    this.#result.value = write(all.result);
    this.#host.value = all.host;
    this.#cause.value = write(all.cause);
    this.#onChange();
  }
}

function field(label: string, control: HTMLElement): HTMLElement {
  return element('div', {}, element('label', { for: control.id }, label), control);
}

function named(names: readonly string[]): (readonly [string, string])[] {
  const options = names.map((name, index) => [String(index), name] as const);
  return options.toSorted(([, a], [, b]) => (a < b ? -1 : 1));
}

function choice(id: string, options: readonly (readonly [string, string])[]): HTMLSelectElement {
  const all = [['', 'all'] as const, ...options];
  return element('select', { id }, ...all.map(([value, text]) => element('option', { value }, text)));
}

function numberIn({ value }: HTMLSelectElement): number {
  return value === '' ? -1 : Number(value);
}
