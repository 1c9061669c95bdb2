import { renderMarkdownList } from '../render-list.ts';
import { renderMarkdownTable } from '../render-table.ts';
import { factsOf, summarize } from './plan-summary.ts';
import { planTables } from './plan-tables.ts';
import type { PlanView } from './plan-view.ts';

/** Characters of each section: together fewer than the 65,536 that a comment on a pull request holds. */
const MAX_CHARACTERS: Readonly<Record<string, number>> = {
  'To be written': 30_000,
  'Not written': 12_000,
};
const MAX_OTHERS = 4_000;

/** The plan as Markdown, fit for a comment on a pull request: long sections are cut, and say so. */
export function renderPlanMarkdown(view: PlanView): string {
  const sections = planTables(view).flatMap(({ title, header, rows }) =>
    renderMarkdownList(title, header, rows, {
      maxCharacters: MAX_CHARACTERS[title] ?? MAX_OTHERS,
      rest: 'in the plan file: `cip show FILE` prints all of it',
    }),
  );
  const facts = renderMarkdownTable({ header: ['plan', ''], rows: factsOf(view) });
  return ['## Promotion plan', `${summarize(view)}.`, ...sections, facts, ''].join('\n\n');
}
