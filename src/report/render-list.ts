import { renderMarkdownTable } from './render-table.ts';

/** Of each list of items: a comment on a pull request holds 65,536, for two of them and the tables. */
const MAX_LIST_CHARACTERS = 25_000;

/** A heading and a table of items in Markdown, cut where it gets too long for a comment; nothing of no items. */
export function renderMarkdownList(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  if (rows.length === 0) return [];
  const shown = fitting(rows);
  const hidden = rows.length - shown.length;
  const more = hidden > 0 ? [`… and ${hidden} more, in the JSON report.`] : [];
  return [`### ${title}`, renderMarkdownTable(header, shown), ...more];
}

/** As many of the first rows as there is room for. */
function fitting(rows: readonly (readonly string[])[]): (readonly string[])[] {
  let left = MAX_LIST_CHARACTERS;
  return rows.filter((row) => {
    left -= row.reduce((sum, cell) => sum + cell.length + 3, 2);
    return left >= 0;
  });
}
