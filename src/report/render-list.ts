import { escapeCell, renderMarkdownTable } from './render-table.ts';

/** For one list of items: a comment on a pull request holds 65,536, for two lists, the findings and the tables. */
const MAX_LIST_CHARACTERS = 25_000;

export interface ListLimits {
  readonly maxCharacters?: number;
  /** The place of the items that do not fit. */
  readonly rest?: string;
}

/** A heading and a table of items in Markdown, cut to the length of a comment; nothing without items. */
export function renderMarkdownList(
  title: string,
  header: readonly string[],
  rows: Iterable<readonly string[]>,
  { maxCharacters = MAX_LIST_CHARACTERS, rest = 'in the JSON report' }: ListLimits = {},
): string[] {
  const { shown, hidden } = fitting(rows, maxCharacters);
  if (shown.length + hidden === 0) return [];
  const more = hidden > 0 ? [`… and ${hidden} more, ${rest}.`] : [];
  return [`### ${title}`, renderMarkdownTable({ header, rows: shown }), ...more];
}

/** The first rows that fit. */
function fitting(
  rows: Iterable<readonly string[]>,
  maxCharacters: number,
): { shown: (readonly string[])[]; hidden: number } {
  const shown: (readonly string[])[] = [];
  let hidden = 0;
  let left = maxCharacters;
  for (const row of rows) {
    left -= row.reduce((sum, cell) => sum + escapeCell(cell).length + 3, 2);
    if (left >= 0) shown.push(row);
    else hidden += 1;
  }
  return { shown, hidden };
}
