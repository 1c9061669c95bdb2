import { type AttachedTable, renderAttached } from './attached/attached-table.ts';
import { countOf } from '../base/text.ts';
import { advise } from './advise.ts';
import { CHANGE_HEADER, changeRow, changesOf } from './audit/changes.ts';
import type { Envelope } from './envelope.ts';
import { exitCodeOf } from './exit-code.ts';
import { escapeCell, renderMarkdownRow, renderMarkdownTable, type Table } from './render-table.ts';
import { decisionTable } from './render-text.ts';
import type { Report } from './report.ts';
import { CommentRoom, MAX_COMMENT } from './summary/comment-room.ts';
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
  sigcheck: 'Image signatures',
} as const;

/** The review of new images. Its renderer is a part of the code that is loaded for reviews alone. */
export interface ReviewSection {
  readonly images: number;
  readonly render: (maxCharacters: number) => string;
}

export interface MarkdownOptions {
  /** Unset: the images were not reviewed. */
  readonly review?: ReviewSection | undefined;
  /** The exit code in the verdict. Default: that of a run without -allow-lost. */
  readonly exitCode?: number;
  /** Tables of other programs. Default: none. */
  readonly attached?: readonly AttachedTable[] | undefined;
  /** The code frame of `file:line:column`. Default: no code frames. */
  readonly frameOf?: ((at: string) => string | undefined) | undefined;
}

/** The report as Markdown for a comment on a pull request: the verdict, problems, images, details. */
export function renderMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const { exitCode = exitCodeOf(report, { allowLost: false }) } = options;
  const folded = foldItems(report);
  const { images } = folded;
  const lists = new RegistryLists();
  const room = new CommentRoom();
  const sections = [
    `## ${titleOf(report)}`,
    `**${escapeCell(verdictOf(report, exitCode))}**`,
    ...scopeOf(report),
    ...problemSection(report, { ...folded, lists, room, frameOf: options.frameOf }),
    ...advise(report).map(({ about, text }) => `What to do about ${about}: ${escapeCell(text)}`),
    ...imageTables(images, { mode: report.mode, lists, room }),
    ...renderAttached(options.attached ?? [], room),
    ...changeTable(report, room),
    ...details('Destinations', lists.render(room)),
    ...details('Edges and hosts', [
      ...tableOf(withoutZeros(decisionTable(report)), room),
      ...tableOf(summarizeHosts(report, { folded: true }), room),
    ]),
  ];
  const text = sections.join('\n\n');
  return [text, ...reviewSection(options.review, text.length), ''].join('\n\n');
}

/** The scope of a run that was limited to what changed. */
function scopeOf(report: Report): string[] {
  if (!('changes' in report) || report.changes === undefined) return [];
  const { base, since, from } = report.changes;
  const compared = base === null ? 'no earlier commit' : `commit ${base.slice(0, 12)}`;
  const period = since === undefined ? '' : `, added since ${since}`;
  return [escapeCell(`Only what changed, compared with ${compared}${period} (${from}).`)];
}

/** The review in the room that the rest of the report leaves. */
function reviewSection(review: ReviewSection | undefined, used: number): string[] {
  if (review === undefined) return [];
  const summary = `Review: ${countOf(review.images, 'new image')}`;
  const maxCharacters = MAX_COMMENT - used - REVIEW_FRAME;
  return details(summary, [review.render(maxCharacters)]);
}

function changeTable(report: Report, room: CommentRoom): string[] {
  const rows = changesOf(report).map(changeRow);
  return rows.length === 0
    ? []
    : ['### Changes since the snapshot', ...tableOf({ header: CHANGE_HEADER, rows }, room)];
}

/** Characters around the review: its summary, tags and line feeds. */
const REVIEW_FRAME = 100;

function tableOf({ header, rows }: Table, room: CommentRoom): string[] {
  if (rows.length === 0) return [];
  const shown = rows.filter((row) => room.take(renderMarkdownRow(row)));
  const hidden = rows.length - shown.length;
  const more = hidden > 0 ? [`… and ${countOf(hidden, 'more row')}, in the JSON report.`] : [];
  return [renderMarkdownTable({ header, rows: shown }), ...more];
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
