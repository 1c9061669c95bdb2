import {
  endOf,
  endOfEntry,
  endOfLine,
  indentationAt,
  isFlow,
  lineBreakOf,
  type Splice,
  startOfLine,
} from './text-layout.ts';
import { isSorted, sortedBy } from '../../base/sorted.ts';
import type { YamlEntry, YamlList, YamlMap, YamlNode } from '../yaml/yaml-tree.ts';

/** One part of a list or map: its sort keys, its start and its end. */
interface Part extends SortKeys {
  readonly start: number;
  readonly end: number;
}

/** One sort key for each order that the parts may have. */
interface SortKeys {
  readonly keys: readonly string[];
}

/** The text to insert, in both styles. */
export interface NewPart extends SortKeys {
  /** Lines without indentation. */
  readonly lines: readonly string[];
  readonly flow: string;
}

/** Inserts items into a list, each in its sorted place. */
export function insertItems(
  text: string,
  list: YamlList,
  { added, keyOf }: { readonly added: readonly NewPart[]; readonly keyOf: (item: YamlNode) => string },
): readonly Splice[] {
  const isInBrackets = isFlow(text, list);
  const parts = list.items.map((item) => ({
    keys: [keyOf(item)],
    start: isInBrackets ? item.at : text.lastIndexOf('-', item.at - 1),
    end: endOf(text, item),
  }));
  return isInBrackets ? insertFlow(text, list, { parts, added }) : insertLines(text, { parts, added });
}

/** Inserts entries into a map, each in its sorted place. */
export function insertEntries(
  text: string,
  map: YamlMap,
  {
    added,
    keysOf,
  }: { readonly added: readonly NewPart[]; readonly keysOf: (entry: YamlEntry) => readonly string[] },
): readonly Splice[] {
  const parts = map.entries.map((entry) => ({
    keys: keysOf(entry),
    start: entry.key.at,
    end: endOfEntry(text, entry),
  }));
  return isFlow(text, map) ? insertFlow(text, map, { parts, added }) : insertLines(text, { parts, added });
}

interface Insertion {
  readonly parts: readonly Part[];
  readonly added: readonly NewPart[];
}

/** Whole lines. They follow the part before, so that comments above the next one stay with it. */
function insertLines(text: string, { parts, added }: Insertion): readonly Splice[] {
  const lineBreak = lineBreakOf(text);
  const [first] = parts;
  const indentation = indentationAt(text, first?.start ?? 0);
  return placesOf(parts, added).map(({ part, before }) => {
    const lines = part.lines.map((line) => indentation + line).join(lineBreak);
    return before === undefined
      ? { at: startOfLine(text, first?.start ?? 0), removed: 0, text: lines + lineBreak }
      : { at: endOfLine(text, before.end), removed: 0, text: lineBreak + lines };
  });
}

/** Between the brackets; on a line of its own where the parts have theirs. */
function insertFlow(text: string, { at: open }: YamlNode, { parts, added }: Insertion): readonly Splice[] {
  const [first] = parts;
  if (first === undefined) {
    return [{ at: open + 1, removed: 0, text: added.map(({ flow }) => flow).join(', ') }];
  }
  const hasOwnLines = text.slice(open, first.start).includes('\n');
  const separator = hasOwnLines ? `,${lineBreakOf(text)}${indentationAt(text, first.start)}` : ', ';
  return placesOf(parts, added).map(({ part: { flow }, before }) =>
    before === undefined
      ? { at: first.start, removed: 0, text: flow + separator }
      : { at: before.end, removed: 0, text: separator + flow },
  );
}

/**
 * New parts in the order of the text, and the part that each one follows; undefined for the first place. The order is
 * the first one that the old parts have. Parts without any order get new ones at their end.
 */
function placesOf(
  parts: readonly Part[],
  added: readonly NewPart[],
): readonly { readonly part: NewPart; readonly before: Part | undefined }[] {
  const orders = (added[0]?.keys ?? []).map((_, order) => (part: SortKeys) => part.keys[order] ?? '');
  const keyOf = orders.find((key) => isSorted(parts, key));
  if (keyOf === undefined)
    return sortedBy(added, ({ keys }) => keys.at(-1) ?? '').map((part) => ({ part, before: parts.at(-1) }));
  return sortedBy(added, keyOf).map((part) => {
    const next = parts.findIndex((old) => keyOf(old) > keyOf(part));
    return { part, before: next === -1 ? parts.at(-1) : parts[next - 1] };
  });
}
