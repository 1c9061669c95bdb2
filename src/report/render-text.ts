import { oneLine } from '../base/text.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import { renderTable } from './render-table.ts';
import type { ReportFinding, ReportItem, RunReport } from './report.ts';

/** One line for an edge or a malformed entry, made to be searched. */
export function renderItemLine(item: ReportItem): string {
  const what = item.destination === null ? item.at : `${item.source ?? '?'} -> ${item.destination}`;
  const where = item.destination === null || item.at === '' ? '' : ` (${item.at})`;
  const done = item.outcome === 'copied' || item.outcome === 'failed' ? ` (${item.outcome})` : '';
  // a reason may quote what others have said; here it is one line, however long
  return `${item.decision}${done}: ${what}: ${oneLine(item.reason, Number.POSITIVE_INFINITY)}${where}`;
}

/** One line for a finding: its place, what was found, what to do, and the name of the rule. */
export function renderFindingLine({ at, message, advice, rule }: ReportFinding): string {
  const where = at === '' ? '' : `${at}: `;
  return oneLine(`${where}${withAdvice({ message, advice })} [${rule}]`, Number.POSITIVE_INFINITY);
}

/** What was found, and what to do. */
export function withAdvice({ message, advice }: Pick<ReportFinding, 'message' | 'advice'>): string {
  return advice === undefined ? message : `${message}: ${advice}`;
}

/** The end of a run for people: a row for each decision, a row for each host. */
export function renderTables(report: RunReport): string {
  const hosts = hostRows(report);
  const tables = [renderTable(DECISION_HEADER, decisionRows(report))];
  if (hosts.length > 0) tables.push(renderTable(HOST_HEADER, hosts));
  return tables.join('\n\n');
}

const MEANING = {
  present: 'already there',
  copy: 'image to copy',
  'add-tag': 'image there, tag to add',
  'tag-move': 'tag is another digest there: refused',
  lost: 'neither at the source nor there',
  conflict: 'manifests contradict each other',
  invalid: 'malformed entry',
  unreadable: 'the registry gave no sound answer',
  blocked: 'a check found an error',
  copied: 'written',
  failed: 'could not be written',
  'not-attempted': 'the run was stopped before',
} as const;

export const DECISION_HEADER = ['decision', 'edges', 'meaning'];

export function decisionRows({ summary, mode }: RunReport): (string | number)[][] {
  const decisions =
    mode === 'parse-only' ? (['conflict', 'invalid'] as const) : ([...EDGE_DECISIONS, 'invalid'] as const);
  const outcomes = mode === 'promotion' ? (['copied', 'failed', 'not-attempted'] as const) : [];
  const rows = [...decisions, ...outcomes].map((name) => [name, summary[name], MEANING[name]]);
  return [...rows, ['all edges', summary.edges, '']];
}

export const HOST_HEADER = [
  'host',
  ...EDGE_DECISIONS,
  'listed',
  'by HEAD',
  'requests',
  'retries',
  'interrupted',
  'throttled',
  'bytes in',
  'bytes out',
];

export function hostRows({ hosts }: RunReport): (string | number)[][] {
  return Object.entries(hosts).map(([name, host]) => [
    name,
    ...EDGE_DECISIONS.map((decision) => host.edges[decision]),
    host.repositories.byListing,
    host.repositories.byHead,
    host.requests,
    host.retries,
    host.interrupted,
    host.throttled,
    host.bytesIn,
    host.bytesOut,
  ]);
}
