import { assertNever } from '../base/errors.ts';
import { lazily } from '../base/iterables.ts';
import { oneLine } from '../base/text.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import type { EnvelopeHost, ReportFinding } from './envelope.ts';
import { renderTable, type Table } from './render-table.ts';
import { AUDIT_DECISIONS } from './audit/audit.ts';
import { SIGCHECK_DECISIONS } from './sigcheck/sigcheck.ts';
import { type RepairItem, type Report, type ReportItem, VERIFY_DECISIONS } from './report.ts';

/** One line for an edge or a malformed entry, fit for grep. */
export function renderItemLine(item: ReportItem): string {
  const { decision, destination, reason, at } = item;
  const result = 'outcome' in item ? resultOf(item.outcome) : '';
  const place = destination === null || at === '' ? '' : ` (${at})`;
  return `${decision}${result}: ${subjectOf(item)}: ${unwrap(reason)}${place}`;
}

function subjectOf(item: ReportItem): string {
  const { destination, at } = item;
  if (destination === null) return at;
  if ('source' in item) return `${item.source ?? '?'} -> ${destination}`;
  return 'asked' in item && item.asked !== null ? `${destination} as ${item.asked}` : destination;
}

function resultOf(outcome: string): string {
  return outcome === 'not-attempted' || outcome === 'present' ? '' : ` (${outcome})`;
}

/** A reason may quote a registry's response; the line stays one line, however long. */
function unwrap(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY);
}

/** One line for content that a repair sent, or would send. */
export function renderRepairLine(item: RepairItem): string {
  const { repository, piece, digest, size, condition, from, outcome, reason } = item;
  const bytes = size === null ? '' : ` of ${size} bytes`;
  const source = from === null || from === repository ? '' : ` from ${from}`;
  return `repair${resultOf(outcome)}: ${repository}: ${condition} ${piece} ${digest}${bytes}${source}: ${unwrap(reason)}`;
}

/** One line for a finding: position, message, advice, and the name of the rule. */
export function renderFindingLine({ at, message, advice, rule }: ReportFinding): string {
  const where = at === '' ? '' : `${at}: `;
  return unwrap(`${where}${withAdvice({ message, advice })} [${rule}]`);
}

export function withAdvice({ message, advice }: Pick<ReportFinding, 'message' | 'advice'>): string {
  return advice === undefined ? message : `${message}: ${advice}`;
}

/** Items without the repetitions of a conflict: the first names the others. Expects them sorted by destination. */
export function foldConflicts<Item extends Pick<ReportItem, 'decision' | 'destination'>>(
  items: Iterable<Item>,
): Iterable<Item> {
  return lazily(function* () {
    let last: string | null = null;
    for (const item of items) {
      const destination = item.decision === 'conflict' ? item.destination : null;
      if (destination === null || destination !== last) yield item;
      last = destination;
    }
  });
}

/** The end of a log for people: a row for each decision, a row for each host. */
export function renderTables(report: Report): string {
  return [decisionTable(report), hostTable(report)]
    .filter(({ rows }) => rows.length > 0)
    .map(renderTable)
    .join('\n\n');
}

const MEANING = {
  present: 'already there',
  copy: 'image to copy',
  'add-tag': 'image there, tag to add',
  'tag-move': 'the tag has another digest: refused',
  lost: 'neither at the source nor at the destination',
  blocked: 'a check found an error',
  missing: 'no such tag or digest',
  different: 'the tag has another digest',
  incomplete: 'the manifest exists, but not all of its content',
  repaired: 'incomplete until this run repaired it',
  signed: 'every expected signature is there and valid',
  unsigned: 'no signature',
  partial: 'a part of the signatures is missing',
  unattested: 'signed, without an attestation of its promotion',
  'other-identity': 'signed by others only',
  refused: 'no signature is valid',
  uncarried: 'signed, without attachments that the source has',
  conflict: 'manifests contradict each other',
  unreadable: 'no usable answer: silence, a refusal, or wrong bytes',
  'not-checked': 'the run was stopped before',
  allowed: 'no manifest allows it, but the allow-list does',
  'unknown-tag': 'no manifest allows the tag',
  'unknown-digest': 'no manifest allows the digest',
  'unknown-repository': 'no manifest names the repository',
  invalid: 'malformed entry',
  copied: 'written',
  failed: 'could not be written',
  'not-attempted': 'the run was stopped before',
} as const;

/** A sentence on a decision or result; empty for an unknown one. */
export function meaningOf(name: string): string {
  return Object.entries<string>(MEANING).find(([known]) => known === name)?.[1] ?? '';
}

type CountName = keyof typeof MEANING;

export function decisionTable(report: Report): Table {
  const counts: Readonly<Partial<Record<CountName, number>>> = report.summary;
  const rows = countNamesOf(report).map((name) => [name, counts[name] ?? 0, MEANING[name]]);
  return {
    header: ['decision', 'edges', 'meaning'],
    rows: [...rows, ['all edges', report.summary.edges, '']],
  };
}

const PLANNED = EDGE_DECISIONS.filter((decision) => decision !== 'not-attempted');

function countNamesOf({ mode }: Report): readonly CountName[] {
  switch (mode) {
    case 'verify':
      return [...VERIFY_DECISIONS, 'invalid'];
    case 'audit':
      return [...AUDIT_DECISIONS, 'invalid'];
    case 'sigcheck':
      return [...SIGCHECK_DECISIONS, 'invalid'];
    case 'parse-only':
      return ['conflict', 'invalid'];
    case 'dry-run':
      return [...PLANNED, 'invalid', 'not-attempted'];
    case 'promotion':
      return [...PLANNED, 'invalid', 'copied', 'failed', 'not-attempted'];
    default:
      return assertNever(mode);
  }
}

const TRAFFIC_HEADER = ['requests', 'retries', 'interrupted', 'throttled', 'bytes in', 'bytes out'];

export function hostTable({ mode, hosts }: Report): Table {
  const decisions = decisionsOf(mode);
  const readings = decisions === EDGE_DECISIONS ? ['listed', 'by HEAD'] : [];
  const rows = Object.entries<EnvelopeHost>(hosts).map(([name, host]) => [
    name,
    ...decisions.map((decision) => host.edges[decision] ?? 0),
    ...(host.repositories === undefined ? [] : [host.repositories.byListing, host.repositories.byHead]),
    host.requests,
    host.retries,
    host.interrupted,
    host.throttled,
    host.bytesIn,
    host.bytesOut,
  ]);
  return { header: ['host', ...decisions, ...readings, ...TRAFFIC_HEADER], rows };
}

function decisionsOf(mode: Report['mode']): readonly string[] {
  if (mode === 'audit') return AUDIT_DECISIONS;
  if (mode === 'sigcheck') return SIGCHECK_DECISIONS;
  return mode === 'verify' ? VERIFY_DECISIONS : EDGE_DECISIONS;
}
