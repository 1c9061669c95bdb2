import { quote } from '../../base/text.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';

/**
 * Nodes that the aliases of one file may repeat, all together: ten times the nodes of all manifests of registry.k8s.io,
 * and few enough to be walked in a second. A "billion laughs" file is far beyond it.
 */
const MAX_ALIASED_NODES = 1_000_000;

/** A node, and the number of nodes in it with every alias expanded. */
export interface SizedNode {
  readonly node: YamlNode;
  readonly size: number;
}

/** The node of an alias, or a fault. The fault is undefined if it was reported for an earlier alias. */
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
    if (found === 'open') return { fault: `alias ${quote(`*${name}`)} stands inside its own anchor` };
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
 * The entries of a map with those of its merge keys: its own entries take precedence over merged ones, and earlier
 * merged ones over later. `onFault` is called for a merge of something other than a map.
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
  const maps = merges.flatMap(({ value }) => mapsToMerge(value, onFault));
  for (const entry of maps.flatMap((map) => map.entries)) {
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
