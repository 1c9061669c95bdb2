import { oneLine } from '../../base/text.ts';
import { renderTable } from '../../report/render-table.ts';
import { type RepairItem, VERDICTS, type Verification, type VerificationItem } from './verification.ts';

/** One line for an edge or a malformed entry, made to be searched. */
export function renderVerificationLine({
  verdict,
  destination,
  asked,
  reason,
  at,
}: VerificationItem): string {
  const what = destination ?? at;
  const through = asked === null ? '' : ` as ${asked}`;
  const where = destination === null || at === '' ? '' : ` (${at})`;
  // a reason may quote what others have said; here it is one line, however long
  return `${verdict}: ${what}${through}: ${oneLine(reason, Number.POSITIVE_INFINITY)}${where}`;
}

/** One line for a piece of an image that was sent again, or would be. */
export function renderRepairLine(item: RepairItem): string {
  const { repository, piece, digest, size, condition, from, outcome, reason } = item;
  const done = outcome === 'not-attempted' ? '' : ` (${outcome})`;
  const bytes = size === null ? '' : ` of ${size} bytes`;
  const source = from === null || from === repository ? '' : ` from ${from}`;
  const why = oneLine(reason, Number.POSITIVE_INFINITY);
  return `repair${done}: ${repository}: ${condition} ${piece} ${digest}${bytes}${source}: ${why}`;
}

/** The end of a run for people: a row for each verdict, a row for each host. */
export function renderVerificationTables(verification: Verification): string {
  const hosts = verifiedHostRows(verification);
  const tables = [renderTable(VERDICT_HEADER, verdictRows(verification))];
  if (hosts.length > 0) tables.push(renderTable(VERIFIED_HOST_HEADER, hosts));
  return tables.join('\n\n');
}

const MEANING = {
  present: 'there',
  missing: 'no such tag or digest',
  different: 'the tag is another digest',
  incomplete: 'there by name, but not all that it leads to',
  repaired: 'incomplete until this run sent it again',
  conflict: 'manifests contradict each other',
  unreadable: 'no sound answer: silence, a refusal, or wrong bytes',
  'not-checked': 'the run was stopped before',
  invalid: 'malformed entry',
} as const;

export const VERDICT_HEADER = ['verdict', 'edges', 'meaning'];

export function verdictRows({ summary }: Verification): (string | number)[][] {
  const rows = [...VERDICTS, 'invalid' as const].map((name) => [name, summary[name], MEANING[name]]);
  return [...rows, ['all edges', summary.edges, '']];
}

export const VERIFIED_HOST_HEADER = ['host', ...VERDICTS, 'requests', 'retries', 'throttled', 'bytes in'];

export function verifiedHostRows({ hosts }: Verification): (string | number)[][] {
  return Object.entries(hosts).map(([name, { edges, requests, retries, throttled, bytesIn }]) => [
    name,
    ...VERDICTS.map((verdict) => edges[verdict]),
    requests,
    retries,
    throttled,
    bytesIn,
  ]);
}
