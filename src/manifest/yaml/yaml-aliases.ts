import { quote } from '../../base/text.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';

/**
 * How many nodes the aliases of one file may stand for, all together. It is ten times what all the manifests of
 * registry.k8s.io hold, and little enough to be walked in a second; a "billion laughs" file is far beyond it.
 */
const MAX_ALIASED_NODES = 1_000_000;

/** A node, and how many nodes there are in it when each alias counts as what it stands for. */
export interface SizedNode {
  readonly node: YamlNode;
  readonly size: number;
}

/** What an alias stands for, or why it is not followed; undefined where that was said of an earlier one. */
export type Lookup = { readonly found: SizedNode } | { readonly fault: string | undefined };

/** The anchors of one document. A later anchor of the same name replaces the earlier one, as YAML says. */
export class Anchors {
  readonly #nodes = new Map<string, SizedNode | 'open'>();
  #aliasedNodes = 0;

  /** The node of this name has begun and not ended: an alias to it now would make it part of itself. */
  open(name: string): void {
    this.#nodes.set(name, 'open');
  }

  define(name: string, node: SizedNode): void {
    this.#nodes.set(name, node);
  }

  lookUp(name: string): Lookup {
    const found = this.#nodes.get(name);
    if (found === undefined)
      return { fault: `alias ${quote(`*${name}`)} has no anchor: write &${name} before it` };
    if (found === 'open') return { fault: `alias ${quote(`*${name}`)} stands inside of what it repeats` };
    if (this.#aliasedNodes > MAX_ALIASED_NODES) return { fault: undefined };
    this.#aliasedNodes += found.size;
    if (this.#aliasedNodes > MAX_ALIASED_NODES) {
      return {
        fault: `the aliases up to here repeat more than ${MAX_ALIASED_NODES} nodes: write fewer of them`,
      };
    }
    return { found };
  }
}

const MERGE_KEY = '<<';

/**
 * The entries of a map with what its merge keys bring: an entry of its own goes before a merged one, an earlier merged
 * one before a later. `onFault` is told of a merge of something that is no map.
 *
 * @see https://yaml.org/type/merge.html
 */
export function mergeEntries(
  entries: readonly YamlEntry[],
  onFault: (message: string, at: number) => void,
): readonly YamlEntry[] {
  const merges = entries.filter(isMerge);
  if (merges.length === 0) return entries;
  const own = entries.filter((entry) => !isMerge(entry));
  const known = new Set(own.map((entry) => entry.key.value));
  const merged: YamlEntry[] = [];
  for (const entry of merges.flatMap(({ value }) =>
    mapsToMerge(value, onFault).flatMap((map) => map.entries),
  )) {
    if (known.has(entry.key.value)) continue;
    known.add(entry.key.value);
    merged.push(entry);
  }
  return [...own, ...merged];
}

function isMerge({ key }: YamlEntry): boolean {
  return key.value === MERGE_KEY && key.plain;
}

function mapsToMerge(value: YamlNode, onFault: (message: string, at: number) => void): YamlMap[] {
  const maps: YamlMap[] = [];
  for (const node of value.kind === 'list' ? value.items : [value]) {
    if (node.kind === 'map') maps.push(node);
    else onFault(`the merge key ${quote(MERGE_KEY)} takes a map or a list of maps`, node.at);
  }
  return maps;
}
