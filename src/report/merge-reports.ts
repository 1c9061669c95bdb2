import { EDGE_DECISIONS } from '../plan/plan.ts';
import type { Named } from './check-shards.ts';
import { mergeFindings } from './findings.ts';
import { addTraffic, mergeHosts, mergeShards, sumCounts } from './merge-parts.ts';
import type { HostReport, Report } from './report.ts';

const SUMMED = [...EDGE_DECISIONS, 'copied', 'failed', 'not-attempted'] as const;

/**
 * The report of all shards of a promotion as if one run had done it. Pure. Throws a `MergeError`, naming the files, where
 * the reports are not all the shards of the same manifests.
 */
export function mergeReports(reports: readonly Named<Report>[]): Report {
  const describe = ({ mode, plan }: Report) =>
    plan === undefined ? `a ${mode}` : `a ${mode} by a plan file`;
  const { first, all, items, ...merged } = mergeShards(reports, { describe, summed: SUMMED });
  return {
    version: 1,
    mode: first.mode,
    ...(first.plan !== undefined && all.every(({ plan }) => plan === first.plan) && { plan: first.plan }),
    ...merged,
    summary: { ...first.summary, ...merged.summary },
    findings: mergeFindings(all.flatMap(({ findings }) => findings)),
    items,
    hosts: mergeHosts(all, addHosts),
  };
}

function addHosts(a: HostReport, b: HostReport): HostReport {
  return {
    edges: sumCounts([a.edges, b.edges], EDGE_DECISIONS),
    repositories: sumCounts([a.repositories, b.repositories], ['byListing', 'byHead']),
    ...addTraffic(a, b),
  };
}
