import { assertNever } from '../../base/errors.ts';

/** A node of a YAML text, with the offset of its text: that of the quote for a quoted scalar. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface YamlScalar {
  readonly kind: 'scalar';
  /** The text as written, whatever type YAML would see in it: `1.10` stays `1.10`. */
  readonly value: string;
  /** Neither quoted, nor a block, nor tagged as text: the only spelling in which `~` is null and `yes` is true. */
  readonly plain: boolean;
  readonly at: number;
}

export interface YamlList {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  readonly at: number;
}

/** A map in the order of the file; a key that stands twice in the text is twice in `entries`. */
export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  readonly at: number;
}

export interface YamlEntry {
  readonly key: YamlScalar;
  readonly value: YamlNode;
}

/** The plain spellings of null. */
export const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

/** True for a plain `null`, `~` or nothing at all. */
export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && NULLS.has(node.value);
}

/** The kind of a node, for messages. */
export function kindOf(node: YamlNode): string {
  if (isNull(node)) return 'nothing';
  switch (node.kind) {
    case 'scalar':
      return 'text';
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    default:
      return assertNever(node);
  }
}
