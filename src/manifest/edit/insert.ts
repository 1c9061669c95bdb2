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

/** Inserts an item into a list, before the first one with a greater key. */
export function insertItem(
  text: string,
  list: YamlList,
  { part, keyOf }: { readonly part: NewPart; readonly keyOf: (item: YamlNode) => string },
): Splice {
  const isInBrackets = isFlow(text, list);
  const parts = list.items.map((item) => ({
    key: keyOf(item),
    start: isInBrackets ? item.at : text.lastIndexOf('-', item.at - 1),
    end: endOf(text, item),
  }));
  return isInBrackets ? insertFlow(text, list, { parts, part }) : insertLines(text, { parts, part });
}

/** Inserts an entry into a map, before the first one with a greater key. */
export function insertEntry(text: string, map: YamlMap, part: NewPart): Splice {
  const parts = map.entries.map((entry) => ({
    key: entry.key.value,
    start: entry.key.at,
    end: endOfEntry(text, entry),
  }));
  return isFlow(text, map) ? insertFlow(text, map, { parts, part }) : insertLines(text, { parts, part });
}

interface Insertion {
  readonly parts: readonly Part[];
  readonly part: NewPart;
}

/** Whole lines. They follow the part before, so that comments above the next one stay with it. */
function insertLines(text: string, { parts, part }: Insertion): Splice {
  const lineBreak = lineBreakOf(text);
  const [first] = parts;
  const indentation = indentationAt(text, first?.start ?? 0);
  const lines = part.lines.map((line) => indentation + line).join(lineBreak);
  const before = partBefore(parts, part.key);
  if (before !== undefined) return { at: endOfLine(text, before.end), removed: 0, text: lineBreak + lines };
  return { at: startOfLine(text, first?.start ?? 0), removed: 0, text: lines + lineBreak };
}

/** Between the brackets; on a line of its own where the parts have theirs. */
function insertFlow(text: string, { at: open }: YamlNode, { parts, part }: Insertion): Splice {
  const [first] = parts;
  if (first === undefined) return { at: open + 1, removed: 0, text: part.flow };
  const hasOwnLines = text.slice(open, first.start).includes('\n');
  const separator = hasOwnLines ? `,${lineBreakOf(text)}${indentationAt(text, first.start)}` : ', ';
  const before = partBefore(parts, part.key);
  return before === undefined
    ? { at: first.start, removed: 0, text: part.flow + separator }
    : { at: before.end, removed: 0, text: separator + part.flow };
}

/** The part behind which a key belongs; undefined for the first place. */
function partBefore(parts: readonly Part[], key: string): Part | undefined {
  const next = parts.findIndex((part) => part.key > key);
  return next === -1 ? parts.at(-1) : parts[next - 1];
}
