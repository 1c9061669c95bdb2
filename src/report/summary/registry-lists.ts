import { countOf } from '../../base/text.ts';
import type { CommentRoom } from './comment-room.ts';
import { escapeCell } from '../render-table.ts';

/** Characters of all lists. */
const MAX_LISTS = 8_000;

/** Numbers the lists of two or more registries from 1, in the order of their first use. */
export class RegistryLists {
  readonly all: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();

  /** The registry of an image; of several, their count, `noun`, and the number of the list: `20 destinations [1]`. */
  nameOf({ registries }: { readonly registries: readonly string[] }, noun = ''): string {
    const [only = '', second] = registries;
    if (second === undefined) return only;
    const key = registries.join(' ');
    const number = this.#numbers.get(key) ?? this.all.push(registries);
    this.#numbers.set(key, number);
    return `${registries.length}${noun === '' ? '' : ` ${noun}`} [${number}]`;
  }

  /** The lists as Markdown. */
  render(room: CommentRoom): string[] {
    const own = room.part(MAX_LISTS);
    const texts = this.all.map((registries, index) => `[${index + 1}] ${escapeCell(describe(registries))}`);
    const shown = texts.filter((text) => own.take(text));
    const hidden = texts.length - shown.length;
    return hidden === 0 ? shown : [...shown, `… and ${countOf(hidden, 'more list')}, in the JSON report.`];
  }
}

/** If all registries have the same path, it is written once. */
function describe(registries: readonly string[]): string {
  const paths = new Set(registries.map((name) => name.replace(/^[^/]*/, '')));
  const [path = ''] = paths;
  if (paths.size !== 1 || path === '') return registries.join(', ');
  return `${path.slice(1)} at ${registries.map((name) => name.slice(0, -path.length)).join(', ')}`;
}
