import type { RunEvents } from '../../../apply.ts';
import type { RuleSettings } from '../../../checks/rule-settings.ts';
import type { ReadManifests } from '../../../manifest/model.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import type { PlanItem } from '../../../plan/plan.ts';
import type { RecordedPlan } from '../../../plan/recorded-plan.ts';
import type { Log } from '../../../ports/log.ts';
import { promote, type PromotionPorts } from '../../../promote.ts';
import type { ReviewSection } from '../../../report/render-markdown.ts';
import type { RunReport } from '../../../report/report.ts';
import { settledDigests } from '../../../workflows/changes/settled-digests.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { finishPromotion } from '../../output/finish-promotion.ts';
import { inputsOf } from '../../output/report-inputs.ts';
import { VERSION } from '../../output/version.ts';
import { openRunRecord } from '../../output/run-record.ts';
import type { PlanOutput } from '../../output/write-plan.ts';
import { prepareReports } from '../../output/write-report.ts';
import { bindRegistries, registriesOf, warnUnusedRateLimits } from '../../runtime/bound-registries.ts';
import { carryPortsOf } from '../../runtime/carry-ports.ts';
import { reportManifests } from '../../runtime/check-manifests.ts';
import { loadChanges, type NamedChanges } from '../../runtime/load-changes.ts';
import { loadRules, requireSizeLimit } from '../../runtime/load-rules.ts';
import { openVerification } from '../../runtime/open-verification.ts';
import type { Runtime } from '../../runtime/open-runtime.ts';
import { type Run, withRun } from '../../runtime/run-scope.ts';
import type { PreparedGate } from '../../vulnerabilities/open-gate.ts';
import type { ProcessContext } from '../command.ts';
import { openRunSigning } from './run-signing.ts';

/** A promotion, its dry run or a check of the manifests, from its options to its exit code. */
export function runPromotion(options: PromotionOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log } = run;
    const { shard, task, where } = options;
    const countLevel = options.log.format === 'text' ? 'debug' : 'info'; // the first line has the same counts
    if (shard !== undefined) log.write(countLevel, 'one shard of the promotion', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const output = await openOutput(options, log);
    const rules = await loadRules(where, options.rules, run.stop.stopping);
    requireSizeLimit(rules, options);
    const gate = await prepareGate(rules, { ...context, options, run });
    const { read, changes } = await loadChanges({ ...options, rules }, run, countLevel);
    const record = openRunRecord({ ...context, options, places, run });
    if (task === 'parse-only') checkRegistries(read, options, log);
    const { report, review } =
      task === 'parse-only'
        ? { report: reportManifests(read, { rules, shard, run, changes }) }
        : await promoteWith(read, {
            ...context,
            options,
            rules,
            run,
            changes,
            output,
            gate,
            events: record.events,
          });
    const targets = gate?.withTables(places) ?? places;
    const finish = { ...context, options, run, places: targets, output, where, record, review };
    const exitCode = await finishPromotion(report, finish);
    if (options.annotations) {
      const { printAnnotations } = await import('../../output/run-remarks.ts');
      await printAnnotations(report, { ...context, problems: read.problems, where });
    }
    return exitCode;
  });
}

/** Undefined: vulnerabilities are not checked. The code of the gate is loaded where a flag or the settings name it. */
async function prepareGate(
  rules: RuleSettings,
  { options, run, env }: Pick<ProcessContext, 'env'> & Pick<PromotionParts, 'options' | 'run'>,
): Promise<PreparedGate | undefined> {
  const { task, vulnerabilities } = options;
  const isNamed = vulnerabilities.areGiven || rules.levels.has('vulnerabilities');
  if (task === 'parse-only' || !isNamed) return undefined;
  const module = await import('../../vulnerabilities/open-gate.ts');
  const { runtime, stop } = run;
  const now = runtime.clock.wallTime();
  return module.prepareGate({ options: vulnerabilities, rules, env, now, signal: stop.stopping });
}

async function openOutput({ planOut, planKey }: PromotionOptions, log: Log): Promise<PlanOutput | undefined> {
  if (planOut === undefined) return undefined;
  const { openPlanOutput } = await import('../../output/write-plan.ts');
  return openPlanOutput(planKey, log);
}

interface PromotionParts extends ProcessContext {
  readonly options: PromotionOptions;
  readonly rules: RuleSettings;
  readonly run: Run;
  readonly env: NodeJS.ProcessEnv;
  readonly changes: NamedChanges | undefined;
  readonly output: PlanOutput | undefined;
  readonly gate: PreparedGate | undefined;
  readonly events: RunEvents;
}

/** The stages over registries: a promotion or its dry run, and the review of its images where that is wanted. */
async function promoteWith(
  read: ReadManifests,
  { options, rules, run, changes, output, gate, events, stdio, env }: PromotionParts,
): Promise<{ readonly report: RunReport; readonly review?: ReviewSection | undefined }> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  const verifying = { options, client, ...run, env };
  const verification = await openVerification(read.manifests, verifying, stopping);
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
    rules,
    gate: gate?.open(client.containerAnalysis),
    record,
  };
  const { clock } = runtime;
  // the commits of a proposed change have the dates that its author chose
  const settled = changes === undefined ? digestsAt(options.where, runtime) : undefined;
  const signingContext = {
    stdio,
    env,
    run,
    client,
    isLimited: changes !== undefined,
    levelOf: verification?.levelOf,
    destinations: read.manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)),
  };
  const signing = await openRunSigning(options, signingContext);
  return await run.showing(client.traffic, async (progress) => {
    const carrying = carryPortsOf(options, { ...client, ...verification });
    const ports = {
      ...client,
      spool,
      clock,
      progress,
      events,
      settled,
      verification,
      carrying,
      signing,
      stopping,
      signal,
    };
    const report = await promote(request, ports);
    if (!options.review || stopping.aborted) return { report };
    const { reviewChanges } = await import('./review-changes.ts');
    const { registry } = client;
    const dryRun = { manifests: read.manifests, changes, items, shard };
    return { report, review: await reviewChanges(dryRun, { registry, progress, log: run.log }, stopping) };
  });
}

function digestsAt(where: ManifestLocation, runtime: Runtime): PromotionPorts['settled'] {
  return async (age, signal) =>
    await settledDigests(where, { history: runtime.openHistory(where), age }, signal);
}

/** Warns of flags and accounts as a run with registries does. */
function checkRegistries({ manifests }: ReadManifests, options: PromotionOptions, log: Log): void {
  const registries = registriesOf(manifests);
  warnUnusedRateLimits(options.rateLimits, registries, log);
  if (options.serviceAccounts) bindRegistries(registries, log);
}
