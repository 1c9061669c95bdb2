import { expandEdges } from '../edges/expand-edges.ts';
import type { ReadManifests } from '../manifest/model.ts';
import { planConflicts } from '../plan/plan-conflicts.ts';
import { makeReport } from '../report/make-report.ts';
import type { Report } from '../report/report.ts';

/** What can be said of manifests without any network. */
export function runParseOnly(
  { manifests, problems, counts }: ReadManifests,
  { now, stopped }: { readonly now: () => number; readonly stopped: boolean },
): Report {
  const startedAt = now();
  const wanted = expandEdges(manifests);
  return makeReport({
    mode: 'parse-only',
    startedAt,
    finishedAt: now(),
    stopped,
    edges: wanted.edges,
    plan: planConflicts(wanted),
    outcomes: new Map(),
    problems,
    manifests: counts,
    traffic: new Map(),
  });
}
