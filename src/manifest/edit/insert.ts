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
import type { YamlList, YamlMap, YamlNode } from '../yaml/yaml-tree.ts';

/** One part of a list or map: its sort key, its start and its end. */
interface Part {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** The text to insert, in both styles. */
export interface NewPart {
  readonly key: string;
  /** Lines without indentation. */
  readonly lines: readonly string[];
  readonly flow: string;
}

/** Inserts items into a list, each in its sorted place. `added` are sorted by key. */
export function insertItems(
  text: string,
  list: YamlList,
  { added, keyOf }: { readonly added: readonly NewPart[]; readonly keyOf: (item: YamlNode) => string },
): readonly Splice[] {
  const isInBrackets = isFlow(text, list);
  const parts = list.items.map((item) => ({
    key: keyOf(item),
    start: isInBrackets ? item.at : text.lastIndexOf('-', item.at - 1),
    end: endOf(text, item),
  }));
  return isInBrackets ? insertFlow(text, list, { parts, added }) : insertLines(text, { parts, added });
}

/** Inserts entries into a map, each in its sorted place. `added` are sorted by key. */
export function insertEntries(text: string, map: YamlMap, added: readonly NewPart[]): readonly Splice[] {
  const parts = map.entries.map((entry) => ({
    key: entry.key.value,
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
  return added.map((part) => {
    const lines = part.lines.map((line) => indentation + line).join(lineBreak);
    const before = partBefore(parts, part.key);
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
  return added.map(({ key, flow }) => {
    const before = partBefore(parts, key);
    return before === undefined
      ? { at: first.start, removed: 0, text: flow + separator }
      : { at: before.end, removed: 0, text: separator + flow };
  });
}

/** The part behind which a key belongs; undefined for the first place. Parts in another order get new ones at their end. */
function partBefore(parts: readonly Part[], key: string): Part | undefined {
  const isSorted = parts.every((part, index) => index === 0 || (parts[index - 1]?.key ?? '') <= part.key);
  if (!isSorted) return parts.at(-1);
  const next = parts.findIndex((part) => part.key > key);
  return next === -1 ? parts.at(-1) : parts[next - 1];
}
