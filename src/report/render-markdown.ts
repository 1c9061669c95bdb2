import { filtered, mapped } from '../base/iterables.ts';
import { renderMarkdownList } from './render-list.ts';
import { renderMarkdownTable } from './render-table.ts';
import { DECISION_HEADER, decisionRows, HOST_HEADER, hostRows, withAdvice } from './render-text.ts';
import type { ReportFinding, ReportItem, RunReport } from './report.ts';

const TITLES = {
  promotion: 'Image promotion',
  'dry-run': 'Image promotion (dry run)',
  'parse-only': 'Promoter manifests',
} as const;

/** The report as Markdown, fit for a comment on a pull request: what needs a person first. */
export function renderMarkdown(report: RunReport): string {
  const bad = filtered(report.items, (item) => needsPerson(item, report));
  const good = filtered(report.items, (item) => !needsPerson(item, report));
  return [
    `## ${TITLES[report.mode]}${renderPart(report)}`,
    renderMarkdownTable(DECISION_HEADER, decisionRows(report)),
    ...findingSection(report.findings),
    ...section('Needs attention', bad),
    ...section(report.mode === 'promotion' ? 'Promoted' : 'Would be promoted', good),
    '### Hosts',
    renderMarkdownTable(HOST_HEADER, hostRows(report)),
    '',
  ].join('\n\n');
}

/** Which part of a whole a report is of, as the end of a title. */
export function renderPart({ shard, shards }: Pick<RunReport, 'shard' | 'shards'>): string {
  if (shard !== undefined) return `, shard ${shard.index}/${shard.count}`;
  return shards === undefined ? '' : `, ${shards.length} shards`;
}

function needsPerson({ decision, outcome }: ReportItem, { mode }: RunReport): boolean {
  if (decision === 'present') return false;
  return mode === 'promotion' ? outcome !== 'copied' : decision !== 'copy' && decision !== 'add-tag';
}

/** Less than the items have: errors come again as the reasons of the edges that they block. */
const MAX_FINDING_CHARACTERS = 8_000;

function findingSection(findings: readonly ReportFinding[]): string[] {
  const rows = findings.map(({ rule, level, at, ...finding }) => [level, rule, at, withAdvice(finding)]);
  return renderMarkdownList('Findings', ['level', 'check', 'place', 'finding'], rows, {
    maxCharacters: MAX_FINDING_CHARACTERS,
  });
}

function section(title: string, items: Iterable<ReportItem>): string[] {
  const rows = mapped(items, ({ at, decision, destination, outcome, reason }) => [
    decision,
    destination ?? at,
    outcome,
    reason,
  ]);
  return renderMarkdownList(title, ['decision', 'destination', 'outcome', 'reason'], rows);
}
