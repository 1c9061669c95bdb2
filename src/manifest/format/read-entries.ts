import { compareText } from '../../base/sorted.ts';
import { digestKeys } from '../edit/render-entry.ts';
import { endOf, endOfEntry, endOfKey, isUnwritten } from '../edit/text-layout.ts';
import { isNull, type YamlEntry, type YamlList, type YamlNode, type YamlScalar } from '../yaml/yaml-tree.ts';

/** A line of the canonical text, and the part of the original text that it replaces. */
export interface Row {
  readonly at: number;
  readonly end: number;
  readonly indent: number;
  readonly text: string;
  /** The scalars in that part; undefined for a part that is copied unchanged. */
  readonly scalars: readonly YamlScalar[] | undefined;
}

/** Rows that move together, and the entries below them. */
export interface Entry {
  /** In canonical order. */
  readonly rows: readonly Row[];
  readonly children: readonly Entry[];
  /** A sort key for each order that the list may have; none for an entry that is not sorted. */
  readonly keys: readonly string[];
}

/** Syntax that cannot be formatted. */
export interface Obstacle {
  readonly at: number;
  readonly reason: string;
}

/** The entries of a list of images or of a manifest, in the order of the text. */
export function readEntries(text: string, root: YamlNode): readonly Entry[] | Obstacle {
  const reader = new EntryReader(text);
  const entries = reader.readRoot(root);
  return reader.obstacle ?? entries;
}

class EntryReader {
  readonly #text: string;
  obstacle: Obstacle | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  readRoot(root: YamlNode): readonly Entry[] {
    if (root.kind === 'list') return this.#items(root, 'name');
    if (root.kind === 'map') return root.entries.map((entry) => this.#section(entry));
    if (!isNull(root)) this.#refuse(root, 'expected a list of images or a manifest');
    return [];
  }

  #section({ key, value }: YamlEntry): Entry {
    const at = key.at;
    if (value.kind === 'list' && value.items.length > 0 && LISTS.has(key.value)) {
      const row = { at, end: endOfKey(this.#text, { key, value }), indent: 0, text: `${key.value}:` };
      const children = this.#items(value, key.value === 'images' ? 'name' : undefined);
      return { rows: [{ ...row, scalars: [key] }], children, keys: [] };
    }
    const end = endOfEntry(this.#text, { key, value });
    if (/[|>]/.test(this.#text.slice(at, end))) this.#refuse(value, 'block scalars are not supported');
    const row = { at, end, indent: 0, text: this.#text.slice(at, end), scalars: undefined };
    return { rows: [row], children: [], keys: [] };
  }

  /** Images and registries: maps of scalars, with a `dmap` for images. */
  #items(list: YamlList, sortField: string | undefined): readonly Entry[] {
    return list.items.map((item) => {
      if (item.kind !== 'map' || item.entries.length === 0) {
        this.#refuse(item, 'expected a map');
        return { rows: [], children: [], keys: [] };
      }
      const fields = item.entries.toSorted((a, b) => rankOf(a) - rankOf(b));
      const dmap = fields.find(isDmap)?.value;
      const key = fields.find((field) => field.key.value === sortField)?.value;
      return {
        rows: fields.map((field, index) => this.#field(field, index === 0)),
        children: dmap?.kind === 'map' ? dmap.entries.map((entry) => this.#digest(entry)) : [],
        keys: sortField === undefined ? [] : [key?.kind === 'scalar' ? key.value : ''],
      };
    });
  }

  #field(field: YamlEntry, isFirst: boolean): Row {
    const { key, value } = field;
    const start = { at: key.at, indent: isFirst ? 0 : 2 };
    const name = `${isFirst ? '- ' : ''}${key.value}:`;
    if (isDmap(field) && value.kind === 'map' && value.entries.length > 0) {
      return { ...start, end: endOfKey(this.#text, field), text: name, scalars: [key] };
    }
    if (value.kind === 'list' || (value.kind === 'map' && value.entries.length > 0)) {
      this.#refuse(value, `expected a scalar for "${key.value}"`);
    }
    const end = endOfEntry(this.#text, field);
    if (isUnwritten(field)) return { ...start, end, text: name, scalars: [key] };
    if (value.kind === 'map') return { ...start, end, text: `${name} {}`, scalars: [key] };
    const text = value.kind === 'scalar' ? this.#plain(value) : '';
    return {
      ...start,
      end,
      text: `${name} ${text}`,
      scalars: value.kind === 'scalar' ? [key, value] : [key],
    };
  }

  #digest(entry: YamlEntry): Entry {
    const { key, value } = entry;
    const items = value.kind === 'list' ? value.items : [];
    const tags = items.filter((item): item is YamlScalar => item.kind === 'scalar' && !isNull(item));
    if (tags.length < items.length || (value.kind !== 'list' && !isNull(value)))
      this.#refuse(value, 'expected a list of tags');
    const sorted = tags.toSorted((a, b) => compareText(a.value, b.value));
    const text = `${this.#quoted(key)}: [${sorted.map((tag) => this.#quoted(tag)).join(', ')}]`;
    const written = isNull(value) && !isUnwritten(entry) && value.kind === 'scalar' ? [value] : [];
    const scalars = [key, ...written, ...tags];
    const row = { at: key.at, end: endOfEntry(this.#text, entry), indent: 4, text, scalars };
    return {
      rows: [row],
      children: [],
      keys: digestKeys(
        key.value,
        sorted.map(({ value: tag }) => tag),
      ),
    };
  }

  #quoted(scalar: YamlScalar): string {
    return /^[\w.+:-]*$/.test(scalar.value) ? `"${scalar.value}"` : this.#source(scalar);
  }

  /** Without quotes if every YAML parser reads the text as a string. */
  #plain(scalar: YamlScalar): string {
    return NAME.test(scalar.value) && !WORDS.has(scalar.value) ? scalar.value : this.#source(scalar);
  }

  #source(scalar: YamlScalar): string {
    const source = this.#text.slice(scalar.at, endOf(this.#text, scalar));
    const isWhole = /^["']/.test(source) ? !source.includes('\n') : source === scalar.value;
    if (!isWhole) this.#refuse(scalar, 'multi-line scalars are not supported');
    return source;
  }

  #refuse({ at }: YamlNode, reason: string): void {
    this.obstacle ??= { at, reason };
  }
}

const LISTS: ReadonlySet<string> = new Set(['registries', 'images']);

const NAME = /^[a-z][a-z0-9._/@-]*[a-z0-9]$/;
const WORDS: ReadonlySet<string> = new Set(['null', 'true', 'false', 'yes', 'no', 'on', 'off']);

function isDmap({ key }: YamlEntry): boolean {
  return key.value === 'dmap';
}

function rankOf(field: YamlEntry): number {
  if (field.key.value === 'name') return 0;
  return isDmap(field) ? 2 : 1;
}
