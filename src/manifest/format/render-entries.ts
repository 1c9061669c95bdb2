import { isSorted, sortedBy } from '../../base/sorted.ts';
import type { Comments } from './place-comments.ts';
import type { Entry, Row } from './read-entries.ts';

/** The lines of entries with their comments. Entries are sorted within blocks: a blank line begins a new block. */
export function renderEntries(entries: readonly Entry[], comments: Comments): readonly string[] {
  const blocks: Entry[][] = [];
  for (const entry of entries) {
    const isNew = blocks.length === 0 || commentsAbove(entry, comments).includes('');
    if (isNew) blocks.push([entry]);
    else blocks.at(-1)?.push(entry);
  }
  return blocks.flatMap((block) => renderBlock(block, comments));
}

function renderBlock(block: readonly Entry[], comments: Comments): readonly string[] {
  const [first] = block;
  if (first === undefined) return [];
  const above = commentsAbove(first, comments);
  const heading = countHeading(
    above,
    block.slice(1).some((entry) => commentsAbove(entry, comments).length > 0),
  );
  const body = sortBlock(block).flatMap((entry) => {
    const own = entry === first ? above.slice(heading) : commentsAbove(entry, comments);
    return [...indented(own, entry.rows[0]), ...renderEntry(entry, comments)];
  });
  return [...indented(above.slice(0, heading), first.rows[0]), ...body];
}

/**
 * The number of lines that stay on top of a block, whichever entry comes first. A comment right above the first entry
 * is about the block if no other entry has one; otherwise it is about its entry.
 */
function countHeading(above: readonly string[], othersHaveComments: boolean): number {
  if (!othersHaveComments) return above.length;
  return above.findLastIndex((line) => line === '' || /^#\s*yaml-language-server:/.test(line)) + 1;
}

function renderEntry(entry: Entry, comments: Comments): readonly string[] {
  const earliest = earliestRow(entry);
  const rows = entry.rows.flatMap((row, index) => [
    ...(row === earliest ? [] : indented(commentsOfField(row, { comments, isFirst: index === 0 }), row)),
    `${' '.repeat(row.indent)}${row.text}${comments.beside.get(row) ?? ''}`,
  ]);
  const last = entry.children[0]?.rows[0] ?? entry.rows.at(-1);
  const below = indented(comments.below.get(entry) ?? [], last);
  return [...rows, ...renderEntries(entry.children, comments), ...below];
}

/** Drops blank lines above a field that becomes the first one: they would begin a new block. */
function commentsOfField(
  row: Row,
  { comments, isFirst }: { readonly comments: Comments; readonly isFirst: boolean },
): readonly string[] {
  const above = comments.above.get(row) ?? [];
  return isFirst ? above.filter((line) => line !== '') : above;
}

/** Sorted by the last order, unless it is already sorted by one of them. */
function sortBlock(block: readonly Entry[]): readonly Entry[] {
  const orders = (block[0]?.keys ?? []).map(
    (_, order) =>
      ({ keys }: Entry) =>
        keys[order] ?? '',
  );
  if (orders.some((keyOf) => isSorted(block, keyOf))) return block;
  return sortedBy(block, orders.at(-1) ?? (() => ''));
}

function commentsAbove(entry: Entry, { above }: Comments): readonly string[] {
  const row = earliestRow(entry);
  return (row && above.get(row)) ?? [];
}

/** The row that comes first in the original text. */
function earliestRow({ rows }: Entry): Row | undefined {
  return rows.toSorted((a, b) => a.at - b.at)[0];
}

function indented(lines: readonly string[], row: Row | undefined): readonly string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(row?.indent ?? 0) + line));
}
