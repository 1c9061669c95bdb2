import { relevelFindings } from '../../checks/levels.ts';
import type { RuleSettings } from '../../checks/rule-settings.ts';
import { manifestRules } from '../../checks/rules.ts';
import { checkManifests } from '../../checks/run-checks.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import type { Shard } from '../../edges/shard.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import { makeReport } from '../../report/make-report.ts';
import type { RunReport } from '../../report/report.ts';
import { changesOf } from '../../promote.ts';
import type { NamedChanges } from './load-changes.ts';
import type { Run } from './run-scope.ts';

/** The options of a check without network access. */
export interface ManifestCheck {
  readonly rules: RuleSettings;
  readonly shard?: Shard | undefined;
  readonly changes: NamedChanges | undefined;
  readonly run: Pick<Run, 'runtime' | 'stop'>;
}

/** A report of all rules that need no network. */
export function reportManifests(
  { manifests, problems, counts }: ReadManifests,
  { rules, shard, changes, run: { runtime, stop } }: ManifestCheck,
): RunReport {
  const startedAt = runtime.clock.wallTime();
  const begun = runtime.clock.monotonic();
  const wanted = takeShard(changes?.wanted ?? expandEdges(manifests), shard);
  return makeReport({
    mode: 'parse-only',
    startedAt,
    durationMs: runtime.clock.monotonic() - begun,
    stopped: stop.stopping.aborted,
    edges: wanted.edges,
    shard: wanted.shard,
    plan: planConflicts(wanted),
    changes: changes && changesOf(changes),
    readings: new Map(),
    findings: [
      ...checkManifests(manifestRules(rules), manifests),
      ...relevelFindings(changes?.findings ?? [], rules.levels),
    ],
    outcomes: new Map(),
    problems,
    manifests: counts,
    traffic: new Map(),
  });
}
