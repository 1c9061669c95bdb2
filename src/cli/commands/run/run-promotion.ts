import type { RunEvents } from '../../../apply.ts';
import { PARSE_ONLY_RULES } from '../../../checks/rules.ts';
import { checkManifests } from '../../../checks/run-checks.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { takeShard } from '../../../edges/take-shard.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { planConflicts } from '../../../plan/make-plan.ts';
import type { Log } from '../../../ports/log.ts';
import { makeReport } from '../../../report/make-report.ts';
import type { RunReport } from '../../../report/report.ts';
import type { FoundChanges } from '../../../workflows/changes/find-changes.ts';
import type { PromotionOptions, TransferOptions } from '../../flags/options/promotion-options.ts';
import { concludeRun } from '../../output/conclude-run.ts';
import { manifestFrames } from '../../output/manifest-frames.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { VERSION } from '../../output/version.ts';
import { openRunRecord, type RunRecord } from '../../output/run-record.ts';
import type { PlanOutput } from '../../output/write-plan.ts';
import { prepareReports, type ReportTargets } from '../../output/write-report.ts';
import { bindRegistries, registriesOf, warnUnusedRateLimits } from '../../runtime/bound-registries.ts';
import { loadChanges } from '../../runtime/load-changes.ts';
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
    const { read, changes } = await loadChanges(options, run, countLevel);
    const record = openRunRecord({ ...context, options, places, run });
    const report =
      task === 'parse-only'
        ? checkOnly(read, { options, run, changes })
        : await promoteWith(read, { options, run, changes, output, events: record.events });
    return await finishWith(report, { ...context, options, run, places, output, where, record });
  });
}

/** Writes and logs the report of a run, and writes its plan; gives its exit code. */
export async function finishWith(
  report: RunReport,
  { options, run, places, stdio, env, output, where, record, areMalformedLogged = true }: Finish,
): Promise<number> {
  return await concludeRun(report, {
    options,
    places,
    stdio,
    env,
    log: run.log,
    telemetry: run.telemetry,
    isOpeningPrinted: options.task !== 'parse-only',
    areMalformedLogged,
    record,
    stopCode: run.stop.exitCode(),
    frameOf: where && manifestFrames(where),
    writePlan: output && (() => output.write(places, stdio)),
  });
}

interface Finish extends ProcessContext {
  readonly options: TransferOptions;
  readonly run: Run;
  readonly places: ReportTargets;
  readonly output?: PlanOutput | undefined;
  readonly where?: ManifestLocation | undefined;
  readonly record: RunRecord;
  /** Default: true. */
  readonly areMalformedLogged?: boolean;
}

/** Loaded when it is needed: the schema of a plan takes longer to load than to read most manifests. */
async function openOutput({ planOut, planKey }: PromotionOptions, log: Log): Promise<PlanOutput | undefined> {
  if (planOut === undefined) return undefined;
  const { openPlanOutput } = await import('../../output/write-plan.ts');
  return openPlanOutput(planKey, log);
}

interface Parts {
  readonly options: PromotionOptions;
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
  { options, run, changes, output, events }: PromotionParts,
): Promise<RunReport> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  const { promote } = await import('../../../promote.ts');
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
    record,
  };
  return await run.showing(client.traffic, (progress) =>
    promote(request, { ...client, spool, clock: runtime.clock, progress, events, stopping, signal }),
  );
}

/** The findings that need no network. */
function checkOnly(read: ReadManifests, { options, run, changes }: Parts): RunReport {
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
    findings: [...checkManifests(PARSE_ONLY_RULES, manifests), ...(changes?.findings ?? [])],
    outcomes: new Map(),
    problems,
    manifests: counts,
    traffic: new Map(),
  });
}
