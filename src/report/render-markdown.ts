import { filtered, mapped } from '../base/iterables.ts';
import { advise } from './advise.ts';
import type { Envelope, ReportFinding } from './envelope.ts';
import { needsAttention } from './exit-code.ts';
import { renderMarkdownList } from './render-list.ts';
import { renderMarkdownTable } from './render-table.ts';
import { decisionTable, hostTable, withAdvice } from './render-text.ts';
import type { Report, ReportItem } from './report.ts';

const TITLES = {
  promotion: 'Image promotion',
  'dry-run': 'Image promotion (dry run)',
  'parse-only': 'Promoter manifests',
  verify: 'Image verification',
} as const;

const DONE = {
  promotion: 'Promoted',
  'dry-run': 'Would be promoted',
  'parse-only': 'Would be promoted',
  verify: 'Present',
} as const;

/** The report as Markdown that fits a comment on a pull request; items that need attention come first. */
export function renderMarkdown(report: Report): string {
  const { mode } = report;
  const items: Iterable<ReportItem> = report.items;
  const needy = filtered(items, (item) => needsAttention(item, mode));
  const done = filtered(items, (item) => !needsAttention(item, mode));
  const advice = advise(report).map(({ about, text }) => [about, text]);
  return [
    `## ${titleOf(report)}`,
    renderMarkdownTable(decisionTable(report)),
    ...findingSection(report.findings),
    ...itemSection('Needs attention', needy, mode),
    ...itemSection(DONE[mode], done, mode),
    ...renderMarkdownList('What to do', ['decision', 'advice'], advice),
    '### Hosts',
    renderMarkdownTable(hostTable(report)),
    '',
  ].join('\n\n');
}

function titleOf(report: Report): string {
  const mirror = report.mode !== 'verify' || report.via === null ? '' : ` through ${report.via}`;
  return `${TITLES[report.mode]}${mirror}${partOf(report)}`;
}

/** The part of the manifests that a report is limited to, as the end of its title. */
function partOf({ shard, shards }: Envelope): string {
  if (shard !== undefined) return `, shard ${shard.index}/${shard.count}`;
  return shards === undefined ? '' : `, ${shards.length} shards`;
}

/** Less than the items have: errors come again as the reasons of the edges that they block. */
const MAX_FINDING_CHARACTERS = 8_000;

function findingSection(findings: readonly ReportFinding[]): string[] {
  const rows = findings.map(({ rule, level, at, ...finding }) => [level, rule, at, withAdvice(finding)]);
  return renderMarkdownList('Findings', ['level', 'check', 'place', 'finding'], rows, {
    maxCharacters: MAX_FINDING_CHARACTERS,
  });
}

function itemSection(title: string, items: Iterable<ReportItem>, mode: Report['mode']): string[] {
  const header = ['decision', 'destination', mode === 'verify' ? 'read as' : 'outcome', 'reason'];
  const rows = mapped(items, (item) => [
    item.decision,
    item.destination ?? item.at,
    'outcome' in item ? item.outcome : (item.asked ?? ''),
    item.reason,
  ]);
  return renderMarkdownList(title, header, rows);
}
