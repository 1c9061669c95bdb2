import { advise } from './advise.ts';
import { CHANGE_HEADER, changeRow, changesOf } from './audit/changes.ts';
import type { Envelope } from './envelope.ts';
import { exitCodeOf } from './exit-code.ts';
import { renderMarkdownList } from './render-list.ts';
import { escapeCell, renderMarkdownTable, type Table } from './render-table.ts';
import { decisionTable } from './render-text.ts';
import type { Report } from './report.ts';
import { foldItems } from './summary/fold-items.ts';
import { summarizeHosts } from './summary/host-table.ts';
import { imageTables } from './summary/markdown-images.ts';
import { problemSection } from './summary/markdown-problems.ts';
import { withoutZeros } from './summary/nonzero-table.ts';
import { RegistryLists } from './summary/registry-lists.ts';
import { verdictOf } from './summary/verdict.ts';

const TITLES = {
  promotion: 'Image promotion',
  'dry-run': 'Image promotion (dry run)',
  'parse-only': 'Promoter manifests',
  verify: 'Image verification',
  audit: 'Audit of production',
} as const;

export interface MarkdownOptions {
  /** The exit code in the verdict. Default: that of a run without -allow-lost. */
  readonly exitCode?: number;
  /** The code frame of `file:line:column`. Default: no code frames. */
  readonly frameOf?: ((at: string) => string | undefined) | undefined;
}

/** The report as Markdown for a comment on a pull request: the verdict, problems, images, details. */
export function renderMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const { exitCode = exitCodeOf(report, { allowLost: false }) } = options;
  const folded = foldItems(report);
  const { images } = folded;
  const lists = new RegistryLists();
  return [
    `## ${titleOf(report)}`,
    `**${escapeCell(verdictOf(report, exitCode))}**`,
    ...problemSection(report, { ...folded, lists, frameOf: options.frameOf }),
    ...advise(report).map(({ about, text }) => `What to do about ${about}: ${escapeCell(text)}`),
    ...imageTables(images, { mode: report.mode, lists }),
    ...renderMarkdownList('Changes since the snapshot', CHANGE_HEADER, changesOf(report).map(changeRow)),
    ...details('Destinations', lists.render()),
    ...details('Edges and hosts', [
      ...tableOf(withoutZeros(decisionTable(report))),
      ...tableOf(summarizeHosts(report, { folded: true }), MAX_HOSTS),
    ]),
    '',
  ].join('\n\n');
}

/** Rows of the table of hosts. */
const MAX_HOSTS = 200;

function tableOf({ header, rows }: Table, maxRows = rows.length): string[] {
  if (rows.length === 0) return [];
  const more =
    rows.length > maxRows ? [`… and ${rows.length - maxRows} more hosts, in the JSON report.`] : [];
  return [renderMarkdownTable({ header, rows: rows.slice(0, maxRows) }), ...more];
}

function details(summary: string, parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [`<details><summary>${summary}</summary>`, ...parts, '</details>'];
}

/** The kind of a run, and the part of the manifests that it is limited to. */
export function titleOf(report: Report): string {
  const mirror = report.mode !== 'verify' || report.via === null ? '' : ` through ${report.via}`;
  return `${TITLES[report.mode]}${mirror}${partOf(report)}`;
}

/** The part of the manifests that a report is limited to, as the end of its title. */
function partOf({ shard, shards }: Envelope): string {
  if (shard !== undefined) return `, shard ${shard.index}/${shard.count}`;
  return shards === undefined ? '' : `, ${shards.length} shards`;
}
