import type { RunEvents } from '../../../apply.ts';
import { relevelFindings } from '../../../checks/levels.ts';
import type { RuleSettings } from '../../../checks/rule-settings.ts';
import { parseOnlyRules } from '../../../checks/rules.ts';
import { checkManifests } from '../../../checks/run-checks.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { takeShard } from '../../../edges/take-shard.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { planConflicts } from '../../../plan/make-plan.ts';
import type { Log } from '../../../ports/log.ts';
import { promote, type PromotionPorts } from '../../../promote.ts';
import { makeReport } from '../../../report/make-report.ts';
import type { RunReport } from '../../../report/report.ts';
import type { FoundChanges } from '../../../workflows/changes/find-changes.ts';
import { settledDigests } from '../../../workflows/changes/settled-digests.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { finishPromotion } from '../../output/finish-promotion.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { VERSION } from '../../output/version.ts';
import { openRunRecord } from '../../output/run-record.ts';
import type { PlanOutput } from '../../output/write-plan.ts';
import { prepareReports } from '../../output/write-report.ts';
import { bindRegistries, registriesOf, warnUnusedRateLimits } from '../../runtime/bound-registries.ts';
import { loadChanges } from '../../runtime/load-changes.ts';
import { loadRules } from '../../runtime/load-rules.ts';
import type { Runtime } from '../../runtime/open-runtime.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

/** A promotion, its dry run or a check of the manifests, from its options to its exit code. */
export function runPromotion(options: PromotionOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log } = run;
    const { shard, task, where } = options;
    const countLevel = options.log.format === 'text' ? 'debug' : 'info'; // the first line has the same counts
    if (shard !== undefined) log.write(countLevel, 'one shard of the promotion', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const output = await openOutput(options, log);
    const rules = await loadRules(where, options, run.stop.stopping);
    const { read, changes } = await loadChanges({ ...options, rules }, run, countLevel);
    const record = openRunRecord({ ...context, options, places, run });
    const report =
      task === 'parse-only'
        ? checkOnly(read, { options, rules, run, changes })
        : await promoteWith(read, { options, rules, run, changes, output, events: record.events });
    return await finishPromotion(report, { ...context, options, run, places, output, where, record });
  });
}

async function openOutput({ planOut, planKey }: PromotionOptions, log: Log): Promise<PlanOutput | undefined> {
  if (planOut === undefined) return undefined;
  const { openPlanOutput } = await import('./document-runs.ts');
  return openPlanOutput(planKey, log);
}

interface Parts {
  readonly options: PromotionOptions;
  readonly rules: RuleSettings;
  readonly run: Run;
  readonly changes: FoundChanges | undefined;
  readonly output?: PlanOutput | undefined;
}

interface PromotionParts extends Parts {
  readonly events: RunEvents;
}

/** The stages over registries: a promotion or its dry run. */
async function promoteWith(
  read: ReadManifests,
  { options, rules, run, changes, output, events }: PromotionParts,
): Promise<RunReport> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  const record = output && {
    tool: VERSION,
    tree: runtime.openTree(options.where),
    keep: output.keep,
  };
  const request = {
    read,
    changes,
    confirm,
    proof,
    maxImageSize,
    reportAll,
    threads,
    shard,
    siblings,
    rules,
    record,
  };
  const { clock } = runtime;
  // the commits of a proposed change have the dates that its author chose
  const settled = changes === undefined ? digestsAt(options.where, runtime) : undefined;
  return await run.showing(client.traffic, (progress) =>
    promote(request, { ...client, spool, clock, progress, events, settled, stopping, signal }),
  );
}

function digestsAt(where: ManifestLocation, runtime: Runtime): PromotionPorts['settled'] {
  return async (age, signal) =>
    await settledDigests(where, { history: runtime.openHistory(where), age }, signal);
}

/** The findings that need no network. */
function checkOnly(read: ReadManifests, { options, rules, run, changes }: Parts): RunReport {
  const { manifests, problems, counts } = read;
  const registries = registriesOf(manifests);
  const { runtime, log, stop } = run;
  warnUnusedRateLimits(options.rateLimits, registries, log);
  if (options.serviceAccounts) bindRegistries(registries, log);
  const startedAt = runtime.clock.wallTime();
  const begun = runtime.clock.monotonic();
  const wanted = takeShard(changes?.wanted ?? expandEdges(manifests), options.shard);
  return makeReport({
    mode: 'parse-only',
    startedAt,
    durationMs: runtime.clock.monotonic() - begun,
    stopped: stop.stopping.aborted,
    edges: wanted.edges,
    shard: wanted.shard,
    plan: planConflicts(wanted),
    readings: new Map(),
    findings: [
      ...checkManifests(parseOnlyRules(rules), manifests),
      ...relevelFindings(changes?.findings ?? [], rules.levels),
    ],
    outcomes: new Map(),
    problems,
    manifests: counts,
    traffic: new Map(),
  });
}
