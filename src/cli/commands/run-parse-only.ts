import { PARSE_ONLY_RULES } from '../../checks/rules.ts';
import { checkManifests } from '../../checks/run-checks.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import type { Shard } from '../../edges/shard.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import type { Clock } from '../../ports/clock.ts';
import { makeReport } from '../../report/make-report.ts';
import type { RunReport } from '../../report/report.ts';

/** What can be said of manifests without any network. */
export function runParseOnly(
  { manifests, problems, counts }: ReadManifests,
  { shard, clock, stopped }: { shard: Shard | undefined; clock: Clock; stopped: boolean },
): RunReport {
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const wanted = takeShard(expandEdges(manifests), shard);
  return makeReport({
    mode: 'parse-only',
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped,
    edges: wanted.edges,
    shard: wanted.shard,
    plan: planConflicts(wanted),
    readings: new Map(),
    findings: checkManifests(PARSE_ONLY_RULES, manifests),
    outcomes: new Map(),
    problems,
    manifests: counts,
    traffic: new Map(),
  });
}
