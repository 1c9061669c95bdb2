import { renderMarkdownRow, renderMarkdownTable } from './render-table.ts';
import type { CommentRoom } from './summary/comment-room.ts';

export interface ListLimits {
  readonly room: CommentRoom;
  /** The place of the items that do not fit. */
  readonly rest: string;
}

/** A heading and a table of items in Markdown, cut to the room of a comment; nothing without items. */
export function renderMarkdownList(
  title: string,
  header: readonly string[],
  rows: Iterable<readonly string[]>,
  { room, rest }: ListLimits,
): string[] {
  const shown: (readonly string[])[] = [];
  let hidden = 0;
  for (const row of rows) {
    if (room.take(renderMarkdownRow(row))) shown.push(row);
    else hidden += 1;
  }
  if (shown.length + hidden === 0) return [];
  const more = hidden > 0 ? [`… and ${hidden} more, ${rest}.`] : [];
  return [`### ${title}`, renderMarkdownTable({ header, rows: shown }), ...more];
}
