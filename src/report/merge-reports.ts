import { sortedBy } from '../base/sorted.ts';
import { EDGE_DECISIONS, noEdges } from '../plan/plan.ts';
import { checkShards, type Named } from './check-shards.ts';
import { mergeFindings } from './findings.ts';
import { addTraffic, describeShard, mergeHosts, mergeTimes } from './merge-parts.ts';
import type { HostReport, Report, ReportItem, Summary } from './report.ts';

/**
 * The report of all shards of a promotion as if one run had done it: sums, sorted items, hosts together. What every
 * shard has seen (manifests, malformed entries) is in it once. Pure. Throws a `MergeError`, naming the files, where the
 * reports are not all the shards of the same manifests.
 */
export function mergeReports(reports: readonly Named<Report>[]): Report {
  const shards = checkShards(reports, { describe: ({ mode }) => `a ${mode}`, malformedOf });
  const first = shards[0].report;
  const all = shards.map(({ report }) => report);
  return {
    version: 1,
    mode: first.mode,
    ...mergeTimes(all),
    shards: shards.map(describeShard),
    manifests: first.manifests,
    summary: sumSummaries(all, first),
    findings: mergeFindings(all.flatMap(({ findings }) => findings)),
    items: mergeItems(all, first),
    hosts: mergeHosts(all, addHosts),
  };
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

function malformedOf({ items }: Report): ReportItem[] {
  return items.filter(({ decision }) => decision === 'invalid');
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
    ...addTraffic(a, b),
  };
}
