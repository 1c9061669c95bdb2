import type { RunEvents } from '../../../apply.ts';
import { PARSE_ONLY_RULES } from '../../../checks/rules.ts';
import { checkManifests } from '../../../checks/run-checks.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { takeShard } from '../../../edges/take-shard.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import { planConflicts } from '../../../plan/make-plan.ts';
import type { PlanItem } from '../../../plan/plan.ts';
import type { RecordedPlan } from '../../../plan/recorded-plan.ts';
import type { Log } from '../../../ports/log.ts';
import { promote } from '../../../promote.ts';
import { makeReport } from '../../../report/make-report.ts';
import type { ReviewSection } from '../../../report/render-markdown.ts';
import type { RunReport } from '../../../report/report.ts';
import type { FoundChanges } from '../../../workflows/changes/find-changes.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { finishPromotion } from '../../output/finish-promotion.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { VERSION } from '../../output/version.ts';
import { openRunRecord } from '../../output/run-record.ts';
import type { PlanOutput } from '../../output/write-plan.ts';
import { prepareReports } from '../../output/write-report.ts';
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
    const { report, review } =
      task === 'parse-only'
        ? { report: checkOnly(read, { options, run, changes }) }
        : await promoteWith(read, { options, run, changes, output, events: record.events });
    return await finishPromotion(report, { ...context, options, run, places, output, where, record, review });
  });
}

async function openOutput({ planOut, planKey }: PromotionOptions, log: Log): Promise<PlanOutput | undefined> {
  if (planOut === undefined) return undefined;
  const { openPlanOutput } = await import('./document-runs.ts');
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

/** The stages over registries: a promotion or its dry run, and the review of its images where that is wanted. */
async function promoteWith(
  read: ReadManifests,
  { options, run, changes, output, events }: PromotionParts,
): Promise<{ readonly report: RunReport; readonly review?: ReviewSection | undefined }> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  let items: readonly PlanItem[] = [];
  const keep = (plan: RecordedPlan) => {
    output?.keep(plan);
    items = plan.items;
  };
  const isKept = output !== undefined || options.review;
  const tree = output && runtime.openTree(options.where);
  const record = isKept ? { tool: VERSION, tree, keep } : undefined;
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
  return await run.showing(client.traffic, async (progress) => {
    const ports = { ...client, spool, clock: runtime.clock, progress, events, stopping, signal };
    const report = await promote(request, ports);
    if (!options.review || stopping.aborted) return { report };
    const { reviewChanges } = await import('./document-runs.ts');
    const { registry } = client;
    const dryRun = { manifests: read.manifests, changes, items, shard };
    return { report, review: await reviewChanges(dryRun, { registry, progress, log: run.log }, stopping) };
  });
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
