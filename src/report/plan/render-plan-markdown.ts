import { renderMarkdownRow, renderMarkdownTable } from '../render-table.ts';
import { CommentRoom } from '../summary/comment-room.ts';
import { factsOf, summarize } from './plan-summary.ts';
import { planTables } from './plan-tables.ts';
import type { PlanView } from './plan-view.ts';

/** Characters of each section, in the room that they share. */
const MAX_CHARACTERS: Readonly<Record<string, number>> = {
  'To be written': 30_000,
  'Not written': 12_000,
};
const MAX_OTHERS = 4_000;

/** The plan as Markdown, fit for a comment on a pull request: long sections are cut, and say so. */
export function renderPlanMarkdown(view: PlanView): string {
  const room = new CommentRoom();
  const sections = planTables(view).flatMap(({ title, header, rows }) =>
    renderList(title, header, rows, {
      room: room.part(MAX_CHARACTERS[title] ?? MAX_OTHERS),
      rest: 'in the plan file: `cip show FILE` prints all of it',
    }),
  );
  const facts = renderMarkdownTable({ header: ['plan', ''], rows: factsOf(view) });
  return ['## Promotion plan', `${summarize(view)}.`, ...sections, facts, ''].join('\n\n');
}

/** A heading and a table, cut to its room; nothing without rows. */
function renderList(
  title: string,
  header: readonly string[],
  rows: Iterable<readonly string[]>,
  { room, rest }: { readonly room: CommentRoom; readonly rest: string },
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
