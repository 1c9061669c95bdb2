import { formatPosition } from '../base/position.ts';
import { nearest, quote } from '../base/text.ts';
import type { SourceFile } from './source-file.ts';
import {
  isNull,
  kindOf,
  type YamlEntry,
  type YamlList,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml/yaml-tree.ts';

/** The kind of a field. */
interface FieldKind<Node extends YamlNode> {
  /** For messages. */
  readonly expected: string;
  readonly is: (node: YamlNode) => node is Node;
}

export const TEXT = kind('text', (node): node is YamlScalar => node.kind === 'scalar');
export const LIST = kind('a list', (node): node is YamlList => node.kind === 'list');
export const MAP = kind('a map', (node): node is YamlMap => node.kind === 'map');
export const DIGEST_MAP = kind('a map of digests to lists of tags', MAP.is);
export const FLAG = kind('true or false, without quotes', isFlag);

/**
 * The fields of a map, taken one after the other; the others are unknown. Faults are reported to the file. A missing
 * field and a null one are the same, as in Go.
 */
export class MapFields {
  readonly #owner: string;
  readonly #source: SourceFile;
  readonly #first: ReadonlyMap<string, YamlEntry>;
  readonly #broken: Set<string>;
  readonly #taken: string[] = [];

  /** `owner` names the map in messages. */
  constructor(map: YamlMap, owner: string, source: SourceFile) {
    this.#owner = owner;
    this.#source = source;
    const { first, repeated } = firstEntries(map, source);
    this.#first = first;
    this.#broken = new Set(repeated);
  }

  /** The value of a field, if it is one of its kind. */
  take<Node extends YamlNode>(name: string, { expected, is }: FieldKind<Node>): Node | undefined {
    this.#taken.push(name);
    const value = this.#first.get(name)?.value;
    if (value === undefined || isNull(value)) return undefined;
    if (is(value)) return value;
    const got = value.kind === 'scalar' ? quote(value.value) : kindOf(value);
    const message = `${quote(name)} of ${this.#owner} has to be ${expected}, not ${got}`;
    this.#source.report({ rule: 'shape', message }, value.at);
    this.#broken.add(name);
    return undefined;
  }

  /** Accepts a field without reading it. */
  skip(name: string): void {
    this.#taken.push(name);
  }

  /** True for a field with a fault. */
  isBroken(name: string): boolean {
    return this.#broken.has(name);
  }

  /** Reports the fields that nothing has taken. True for a map without any fault. */
  close(): boolean {
    const known = this.#taken;
    for (const [name, { key }] of this.#first) {
      if (known.includes(name)) continue;
      const meant = nearest(name, known);
      const advice = meant === undefined ? `expected ${known.join(', ')}` : `did you mean ${quote(meant)}?`;
      const message = `field ${quote(name)} not found in ${this.#owner}: ${advice}`;
      this.#source.report({ rule: 'unknown-field', message }, key.at);
      this.#broken.add(name);
    }
    return this.#broken.size === 0;
  }
}

/** The first entry of each key. The other entries are reported, and `repeated` has their keys. */
export function firstEntries(
  map: YamlMap,
  source: SourceFile,
): { readonly first: ReadonlyMap<string, YamlEntry>; readonly repeated: ReadonlySet<string> } {
  const first = new Map<string, YamlEntry>();
  const repeated = new Set<string>();
  for (const entry of map.entries) {
    const name = entry.key.value;
    const known = first.get(name);
    if (known === undefined) {
      first.set(name, entry);
    } else {
      repeated.add(name);
      const firstAt = formatPosition(source.positionOf(known.key.at));
      const message = `key ${quote(name)} already set in map at ${firstAt}: remove one of the two`;
      source.report({ rule: 'duplicate-key', message }, entry.key.at);
    }
  }
  return { first, repeated };
}

/** A node that should be a map, or undefined and a problem. */
export function asMap(node: YamlNode, owner: string, source: SourceFile): YamlMap | undefined {
  if (node.kind === 'map') return node;
  source.report({ rule: 'shape', message: `${owner} has to be a map, not ${kindOf(node)}` }, node.at);
  return undefined;
}

/** The booleans of YAML 1.1, as Go's yaml.v2 reads them. */
export function isTrue(node: YamlScalar | undefined): boolean {
  return node !== undefined && TRUE.has(node.value);
}

const TRUE: ReadonlySet<string> = new Set('y Y yes Yes YES true True TRUE on On ON'.split(' '));
const FALSE: ReadonlySet<string> = new Set('n N no No NO false False FALSE off Off OFF'.split(' '));

function isFlag(node: YamlNode): node is YamlScalar {
  return node.kind === 'scalar' && node.plain && (TRUE.has(node.value) || FALSE.has(node.value));
}

function kind<Node extends YamlNode>(
  expected: string,
  is: (node: YamlNode) => node is Node,
): FieldKind<Node> {
  return { expected, is };
}
