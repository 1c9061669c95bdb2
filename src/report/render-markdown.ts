import { renderMarkdownTable } from './render-table.ts';
import { DECISION_HEADER, decisionRows, HOST_HEADER, hostRows } from './render-text.ts';
import type { Report, ReportItem } from './report.ts';

/** A pull request comment holds 65,536 characters; this many items stay below. */
const MAX_ITEMS = 150;

/** The report as Markdown, fit for a comment on a pull request: what needs a person first. */
export function renderMarkdown(report: Report): string {
  const bad = report.items.filter(needsPerson);
  const good = report.items.filter((item) => !needsPerson(item));
  const title = report.mode === 'promotion' ? 'Image promotion' : 'Image promotion (dry run)';
  return [
    `## ${title}`,
    renderMarkdownTable(DECISION_HEADER, decisionRows(report)),
    ...section('Needs attention', bad),
    ...section(report.mode === 'promotion' ? 'Promoted' : 'Would be promoted', good),
    '### Hosts',
    renderMarkdownTable(HOST_HEADER, hostRows(report)),
    '',
  ].join('\n\n');
}

function needsPerson({ decision, outcome }: ReportItem): boolean {
  if (outcome === 'failed') return true;
  return decision !== 'copy' && decision !== 'add-tag' && decision !== 'present';
}

function section(title: string, items: readonly ReportItem[]): string[] {
  if (items.length === 0) return [];
  const rows = items
    .slice(0, MAX_ITEMS)
    .map((item) => [item.decision, item.destination ?? item.at, item.outcome, item.reason]);
  const more =
    items.length > MAX_ITEMS ? [`… and ${items.length - MAX_ITEMS} more, in the JSON report.`] : [];
  return [
    `### ${title}`,
    renderMarkdownTable(['decision', 'destination', 'outcome', 'reason'], rows),
    ...more,
  ];
}
