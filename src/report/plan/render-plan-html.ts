import { oneLine } from '../../base/text.ts';
import { factsOf, summarize } from './plan-summary.ts';
import { type PlanTable, planTables } from './plan-tables.ts';
import type { PlanView } from './plan-view.ts';

/** The whole plan as a page of its own, piece by piece: without scripts, and nothing is loaded. */
export function* renderPlanHtml(view: PlanView): Generator<string> {
  yield HEAD;
  yield `<h1>Promotion plan</h1>\n<p>${escapeHtml(summarize(view))}</p>\n`;
  for (const table of planTables(view)) {
    yield `<h2>${escapeHtml(table.title)}</h2>\n`;
    yield* renderTable(table);
  }
  yield '<h2>Plan</h2>\n';
  yield* renderTable({ header: ['name', 'value'], rows: factsOf(view) });
  yield '</body>\n</html>\n';
}

function* renderTable({ header, rows }: Pick<PlanTable, 'header' | 'rows'>): Generator<string> {
  const row = (cells: readonly string[], name: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${name}>${escapeHtml(cell)}</${name}>`).join('')}</tr>\n`;
  yield `<table>\n${row(header, 'th')}`;
  for (const cells of rows) yield row(cells, 'td');
  yield '</table>\n';
}

const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Promotion plan</title>
<style>
body { font-family: sans-serif; margin: 2em; }
table { border-collapse: collapse; }
th, td { border: 1px solid #ccc; padding: 0.2em 0.5em; text-align: left; vertical-align: top; }
td { font-family: monospace; overflow-wrap: anywhere; }
</style>
</head>
<body>
`;

/** Text of others, as text of an element. */
function escapeHtml(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY).replace(
    /[&<>"']/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}
