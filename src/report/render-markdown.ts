import { renderMarkdownList } from './render-list.ts';
import { renderMarkdownTable } from './render-table.ts';
import { DECISION_HEADER, decisionRows, HOST_HEADER, hostRows } from './render-text.ts';
import type { Report, ReportItem } from './report.ts';

const TITLES = {
  promotion: 'Image promotion',
  'dry-run': 'Image promotion (dry run)',
  'parse-only': 'Promoter manifests',
} as const;

/** The report as Markdown, fit for a comment on a pull request: what needs a person first. */
export function renderMarkdown(report: Report): string {
  const bad = report.items.filter((item) => needsPerson(item, report));
  const good = report.items.filter((item) => !needsPerson(item, report));
  return [
    `## ${TITLES[report.mode]}${renderPart(report)}`,
    renderMarkdownTable(DECISION_HEADER, decisionRows(report)),
    ...section('Needs attention', bad),
    ...section(report.mode === 'promotion' ? 'Promoted' : 'Would be promoted', good),
    '### Hosts',
    renderMarkdownTable(HOST_HEADER, hostRows(report)),
    '',
  ].join('\n\n');
}

/** Which part of a whole a report is of, as the end of a title. */
export function renderPart({ shard, shards }: Pick<Report, 'shard' | 'shards'>): string {
  if (shard !== undefined) return `, shard ${shard.index}/${shard.count}`;
  return shards === undefined ? '' : `, ${shards.length} shards`;
}

function needsPerson({ decision, outcome }: ReportItem, { mode }: Report): boolean {
  if (decision === 'present') return false;
  return mode === 'promotion' ? outcome !== 'copied' : decision !== 'copy' && decision !== 'add-tag';
}

function section(title: string, items: readonly ReportItem[]): string[] {
  const rows = items.map((item) => [item.decision, item.destination ?? item.at, item.outcome, item.reason]);
  return renderMarkdownList(title, ['decision', 'destination', 'outcome', 'reason'], rows);
}
