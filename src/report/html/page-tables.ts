import { withAdvice } from '../render-text.ts';
import type { EnvelopeHost, HostOverTime, ReportCause, ReportFinding } from '../envelope.ts';
import type { Report, ReportItem } from '../report.ts';
import { causeText } from '../summary/cause-text.ts';
import type { PageCause, PageTable } from './page-data.ts';

/** The tables of a page that have rows. */
export function withRows(tables: readonly PageTable[]): readonly PageTable[] {
  return tables.filter(({ rows }) => rows.length > 0);
}

/** By the ids that items have. */
export function pageCauses(causes: readonly ReportCause[]): ReadonlyMap<string, PageCause> {
  return new Map(
    causes.map((cause) => {
      const { word, text } = causeText(cause);
      return [cause.id, { title: word, text }] as const;
    }),
  );
}

export function findingTable(findings: readonly ReportFinding[]): PageTable {
  return {
    title: 'Findings of checks',
    note: 'An error blocks the edges that it names.',
    header: ['level', 'check', 'place', 'finding', 'edges'],
    rows: findings.map(({ level, rule, at, edges, ...finding }) => [
      level,
      rule,
      at,
      withAdvice(finding),
      edges.length,
    ]),
  };
}

export function malformedTable(malformed: readonly Pick<ReportItem, 'at' | 'reason'>[]): PageTable {
  return {
    title: 'Malformed entries',
    note: '',
    header: ['place', 'error'],
    rows: malformed.map(({ at, reason }) => [at, reason]),
  };
}

/** The traffic of each host. */
export function hostTable({ hosts, durationMs }: Report): PageTable {
  const rate = (bytes: number) => (durationMs > 0 ? `${formatBytes((bytes * 1000) / durationMs)}/s` : '');
  return {
    title: 'Hosts',
    note: 'Totals of the run, and averages over its duration.',
    header: [
      'host',
      'identity',
      'requests',
      'retries',
      'throttled',
      'interrupted',
      'bytes in',
      'bytes out',
      'average in',
      'average out',
    ],
    rows: Object.entries<EnvelopeHost>(hosts).map(([name, host]) => [
      name,
      host.identities.join(', '),
      host.requests,
      host.retries,
      host.throttled,
      host.interrupted,
      formatBytes(host.bytesIn),
      formatBytes(host.bytesOut),
      rate(host.bytesIn),
      rate(host.bytesOut),
    ]),
  };
}

/** The traffic of each host in steps of time. Empty for merged reports, and for runs of one step. */
export function overTimeTable({ hosts }: Report): PageTable {
  const recorded = Object.entries<EnvelopeHost>(hosts).flatMap(([name, { overTime }]) =>
    overTime === undefined ? [] : [[name, overTime] as const],
  );
  const stepMs = recorded[0]?.[1].stepMs ?? 0;
  const steps = Math.max(
    0,
    ...recorded.map(([, { requests, bytesIn }]) => Math.max(requests.length, bytesIn.length)),
  );
  return {
    title: 'Hosts over time',
    note: `A bar is ${formatDuration(stepMs)} of the run, the number is the highest one.`,
    header: ['host', 'requests', 'throughput', 'throttled', 'retries'],
    rows: steps < 2 ? [] : recorded.map(([name, series]) => [name, ...drawSeries(series, steps)]),
  };
}

function drawSeries(
  { stepMs, requests, retries, throttled, bytesIn, bytesOut }: HostOverTime,
  steps: number,
): readonly string[] {
  const perSecond = (count: number) => (count * 1000) / stepMs;
  const draw = (counts: readonly number[], format: (highest: number) => string) => {
    const highest = Math.max(0, ...counts);
    return highest === 0 ? '' : `${drawBars(counts, { steps, highest })} ${format(highest)}`;
  };
  const bytes = Array.from({ length: steps }, (_, step) => (bytesIn[step] ?? 0) + (bytesOut[step] ?? 0));
  return [
    draw(requests, (highest) => `${perSecond(highest).toFixed(0)}/s`),
    draw(bytes, (highest) => `${formatBytes(perSecond(highest))}/s`),
    draw(throttled, String),
    draw(retries, String),
  ];
}

const NO_BAR = '▁';
const BARS = ['▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A bar chart as text: a character for each step. */
function drawBars(
  counts: readonly number[],
  { steps, highest }: { readonly steps: number; readonly highest: number },
): string {
  return Array.from({ length: steps }, (_, step) => {
    const count = counts[step] ?? 0;
    return count === 0 ? NO_BAR : BARS[Math.ceil((count / highest) * BARS.length) - 1];
  }).join('');
}

/** The content that a repair sent, or would send. */
export function repairTable(report: Report): PageTable {
  const pieces = report.mode === 'verify' ? (report.repair?.pieces ?? []) : [];
  return {
    title: 'Repairs',
    note: '',
    header: ['outcome', 'repository', 'condition', 'content', 'digest', 'from', 'reason'],
    rows: pieces.map(({ outcome, repository, condition, piece, digest, from, reason }) => [
      outcome,
      repository,
      condition,
      piece,
      digest,
      from ?? '',
      reason,
    ]),
  };
}

export function shardTable({ shards = [] }: Report): PageTable {
  return {
    title: 'Shards',
    note: '',
    header: ['shard', 'edges', 'started', 'duration', ''],
    rows: shards.map(({ index, count, edges, startedAt, durationMs, stopped }) => [
      `${index}/${count}`,
      edges,
      startedAt,
      formatDuration(durationMs),
      stopped ? 'stopped early' : '',
    ]),
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.2 MB`, in powers of 1,000. */
function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const digits = power === 0 ? 0 : 1;
  return `${(bytes / 1000 ** power).toFixed(digits)} ${UNITS[power]}`;
}

/** `1 h 2 min 3.4 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return [
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(hours > 0 || minutes > 0 ? [`${minutes} min`] : []),
    `${(seconds % 60).toFixed(1)} s`,
  ].join(' ');
}
