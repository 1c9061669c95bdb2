import { sortedBy } from '../base/sorted.ts';
import { EDGE_DECISIONS, noEdges } from '../plan/plan.ts';
import { checkShards, malformedOf, type NamedReport, type ShardReport } from './check-shards.ts';
import type { HostReport, MergedShard, Report, ReportItem, Summary } from './report.ts';

/**
 * The report of all shards of a promotion as if one run had done it: sums, sorted items, hosts together. What every
 * shard has seen (manifests, malformed entries) is in it once. Pure. Throws a `MergeError`, naming the files, where the
 * reports are not all the shards of the same manifests.
 */
export function mergeReports(reports: readonly NamedReport[]): Report {
  const shards = checkShards(reports);
  const first = shards[0].report;
  const all = shards.map(({ report }) => report);
  return {
    version: 1,
    mode: first.mode,
    ...timesOf(all),
    stopped: all.some(({ stopped }) => stopped),
    shards: shards.map(describeShard),
    manifests: first.manifests,
    summary: sumSummaries(all, first),
    items: mergeItems(all, first),
    hosts: mergeHosts(all),
  };
}

/** From the first beginning to the last end, by the clocks of their machines. */
function timesOf(reports: readonly Report[]): Pick<Report, 'startedAt' | 'durationMs'> {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { startedAt, durationMs } of reports) {
    begin = Math.min(begin, Date.parse(startedAt));
    end = Math.max(end, Date.parse(startedAt) + durationMs);
  }
  return { startedAt: new Date(begin).toISOString(), durationMs: end - begin };
}

function describeShard({ shard, report }: ShardReport): MergedShard {
  const { startedAt, durationMs, stopped, summary } = report;
  return { ...shard, startedAt, durationMs, stopped, edges: summary.edges };
}

const SUMMED = ['edges', ...EDGE_DECISIONS, 'copied', 'failed', 'not-attempted'] as const;

function sumSummaries(reports: readonly Report[], first: Report): Summary {
  const sums = { ...first.summary };
  for (const name of SUMMED) sums[name] = reports.reduce((sum, { summary }) => sum + summary[name], 0);
  return sums;
}

/** In the order of one run: edges by destination, malformed entries last. */
function mergeItems(reports: readonly Report[], first: Report): ReportItem[] {
  const edges = reports.flatMap(({ items }) => items.filter(({ decision }) => decision !== 'invalid'));
  return [...sortedBy(edges, ({ destination }) => destination ?? ''), ...malformedOf(first)];
}

function mergeHosts(reports: readonly Report[]): Record<string, HostReport> {
  const merged = new Map<string, HostReport>();
  for (const [name, host] of reports.flatMap(({ hosts }) => Object.entries(hosts))) {
    const known = merged.get(name);
    merged.set(name, known === undefined ? host : addHosts(known, host));
  }
  return Object.fromEntries(sortedBy(merged, ([name]) => name));
}

function addHosts(a: HostReport, b: HostReport): HostReport {
  const edges = noEdges();
  for (const decision of EDGE_DECISIONS) edges[decision] = a.edges[decision] + b.edges[decision];
  const { byListing, byHead } = a.repositories;
  return {
    edges,
    repositories: {
      byListing: byListing + b.repositories.byListing,
      byHead: byHead + b.repositories.byHead,
    },
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
    interrupted: a.interrupted + b.interrupted,
    throttled: a.throttled + b.throttled,
    identities: Array.from(new Set([...a.identities, ...b.identities])).toSorted(),
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}
