import type { RunEvents } from '../../../apply.ts';
import { PARSE_ONLY_RULES } from '../../../checks/rules.ts';
import { checkManifests } from '../../../checks/run-checks.ts';
import { allSettledOrThrow } from '../../../base/concurrency.ts';
import { filtered } from '../../../base/iterables.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { takeShard } from '../../../edges/take-shard.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import { planConflicts } from '../../../plan/make-plan.ts';
import type { Log } from '../../../ports/log.ts';
import { promote } from '../../../promote.ts';
import { exitCodeOf } from '../../../report/exit-code.ts';
import { makeReport } from '../../../report/make-report.ts';
import type { RunReport } from '../../../report/report.ts';
import type { PromotionOptions, TransferOptions } from '../../flags/options/promotion-options.ts';
import { isLoggedLive } from '../../output/live-log.ts';
import { logReport } from '../../output/log-report.ts';
import type { Stdio } from '../../output/stdio.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { VERSION } from '../../output/version.ts';
import { openRunRecord, type RunRecord } from '../../output/run-record.ts';
import type { PlanOutput } from '../../output/write-plan.ts';
import { prepareReports, type ReportTargets, writeReports } from '../../output/write-report.ts';
import { bindRegistries, registriesOf, warnUnusedRateLimits } from '../../runtime/bound-registries.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { ProcessContext } from '../command.ts';

/** A promotion, its dry run or a check of the manifests, from its options to its exit code. */
export function runPromotion(options: PromotionOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log, stop } = run;
    const { stdio } = context;
    const { shard, task, where } = options;
    if (shard !== undefined) log.write('info', 'one shard of the promotion', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const output = await openOutput(options, log);
    const read = await loadManifests(where, { strict: false, log, stopping: stop.stopping });
    const { clock } = run.runtime;
    const record = openRunRecord({ places, log, clock, stdio, allowLost: options.allowLost });
    const report =
      task === 'parse-only'
        ? checkOnly(read, { options, run })
        : await promoteWith(read, { options, run, output, events: record.events });
    return await finishWith(report, { options, run, places, stdio, output, record });
  });
}

/** Writes and logs the report of a run, and writes its plan; gives its exit code. */
export async function finishWith(
  report: RunReport,
  { options, run, places, stdio, output, record }: Finish,
): Promise<number> {
  const { log, stop } = run;
  const items = filtered(
    report.items,
    (item) => item.decision !== 'invalid' && !isLoggedLive(item, report.mode), // these are in the log already
  );
  let isReported = false;
  const { format } = options.log;
  try {
    // first: a run that is stopped may not reach the end of its log
    const writing = output === undefined ? [] : [output.write(places, stdio)];
    await allSettledOrThrow([...writing, writeReports(report, places, stdio)]);
    isReported = true;
  } finally {
    await record.close({ isReported });
    await logReport({ ...report, items }, { format, allowLost: options.allowLost, stdio, log });
    if (options.task === 'dry-run' && format !== 'json') log.write('info', NOTHING_WRITTEN);
  }
  return stop.exitCode() ?? exitCodeOf(report, options);
}

interface Finish {
  readonly options: TransferOptions;
  readonly run: Run;
  readonly places: ReportTargets;
  readonly stdio: Stdio;
  readonly output?: PlanOutput | undefined;
  readonly record: RunRecord;
}

/** For machines the mode is in the summary. */
const NOTHING_WRITTEN = 'dry run: nothing was written; -confirm promotes';

async function openOutput({ planOut, planKey }: PromotionOptions, log: Log): Promise<PlanOutput | undefined> {
  if (planOut === undefined) return undefined;
  const { openPlanOutput } = await import('./document-runs.ts');
  return openPlanOutput(planKey, log);
}

interface Parts {
  readonly options: PromotionOptions;
  readonly run: Run;
  readonly output?: PlanOutput | undefined;
}

interface PromotionParts extends Parts {
  readonly events: RunEvents;
}

/** The stages over registries: a promotion or its dry run. */
async function promoteWith(
  read: ReadManifests,
  { options, run, output, events }: PromotionParts,
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
  const request = { read, confirm, proof, maxImageSize, reportAll, threads, shard, siblings, record };
  return await run.showing(client.traffic, (progress) =>
    promote(request, { ...client, spool, clock: runtime.clock, progress, events, stopping, signal }),
  );
}

/** The findings that need no network. */
function checkOnly(read: ReadManifests, { options, run }: Parts): RunReport {
  const { manifests, problems, counts } = read;
  const registries = registriesOf(manifests);
  const { runtime, log, stop } = run;
  warnUnusedRateLimits(options.rateLimits, registries, log);
  if (options.serviceAccounts) bindRegistries(registries, log);
  const startedAt = runtime.clock.wallTime();
  const begun = runtime.clock.monotonic();
  const wanted = takeShard(expandEdges(manifests), options.shard);
  return makeReport({
    mode: 'parse-only',
    startedAt,
    durationMs: runtime.clock.monotonic() - begun,
    stopped: stop.stopping.aborted,
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
