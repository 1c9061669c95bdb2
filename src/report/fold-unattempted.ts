import { filtered } from '../base/iterables.ts';
import { countOf } from '../base/text.ts';
import type { Report, ReportItem } from './report.ts';

/** The edges that a stopped run has attempted, and a text for each host about the others. */
export function foldUnattempted<Item extends ReportItem>(
  items: Iterable<Item>,
  mode: Report['mode'],
): { readonly lines: readonly string[]; readonly attempted: Iterable<Item> } {
  const hosts = new Map<string, { edges: number; reason: string }>();
  for (const item of items) {
    if (!isUnattempted(item, mode)) continue;
    const host = item.destination?.slice(0, item.destination.indexOf('/')) ?? '';
    const known = hosts.get(host) ?? { edges: 0, reason: item.reason };
    // the longest reason tells the last error as well
    const reason = item.reason.length > known.reason.length ? item.reason : known.reason;
    hosts.set(host, { edges: known.edges + 1, reason });
  }
  const lines = Array.from(hosts, ([host, { edges, reason }]) => {
    return `at ${host}: ${countOf(edges, 'edge')}: ${reason}`;
  });
  return { lines, attempted: filtered(items, (item) => !isUnattempted(item, mode)) };
}

function isUnattempted(item: ReportItem, mode: Report['mode']): boolean {
  if (item.decision === 'not-attempted' || item.decision === 'not-checked') return true;
  const isToWrite = item.decision === 'copy' || item.decision === 'add-tag';
  return mode === 'promotion' && isToWrite && item.outcome === 'not-attempted';
}
