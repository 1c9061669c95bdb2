import { PARSE_ONLY_RULES } from '../../checks/rules.ts';
import { checkManifests } from '../../checks/run-checks.ts';
import { filtered } from '../../base/iterables.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import type { PromotionEvents } from '../../promote.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import { makeReport } from '../../report/make-report.ts';
import type { RunReport } from '../../report/report.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { Journal } from '../output/journal.ts';
import { isLoggedLive, LiveLog } from '../output/live-log.ts';
import { logReport } from '../output/log-report.ts';
import { inputsOf } from '../output/report-inputs.ts';
import { VERSION } from '../output/version.ts';
import { prepareReports, writeReports } from '../output/write-report.ts';
import { bindRegistries, registriesOf, warnUnusedBudgets } from '../runtime/bound-registries.ts';
import { loadManifests } from '../runtime/load-manifests.ts';
import { type Run, withRun } from '../runtime/run-scope.ts';
import type { ProcessContext } from './command.ts';

/** A promotion, its dry run or a check of the manifests, from its options to its exit code. */
export function runPromotion(options: PromotionOptions, context: ProcessContext): Promise<number> {
  return withRun(options, context, async (run) => {
    const { log, stop } = run;
    const { stdio } = context;
    const { shard, task, where } = options;
    if (shard !== undefined) log.write('info', 'one shard of the promotion', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const read = await loadManifests(where, { strict: false, log, stopping: stop.stopping });
    const { allowLost } = options;
    const live = new LiveLog({ log, allowLost, shortDigests: stdio.err.isTTY === true });
    const now = () => run.runtime.clock.wallTime();
    const journal = new Journal(places.report, { log, secrets: stdio.secrets, now });
    const events: PromotionEvents = {
      planned: async (plan, soFar) => {
        await journal.planned(plan, soFar);
        live.planned(plan, soFar);
      },
      edgeEnded: (item, outcome) => journal.edgeEnded(item, outcome),
      imageEnded: (image) => live.imageEnded(image),
    };
    const report =
      task === 'parse-only'
        ? checkOnly(read, { options, run })
        : await promoteWith(read, { options, run, events });
    live.close();
    const items = filtered(
      report.items,
      (item) => item.decision !== 'invalid' && !isLoggedLive(item, report.mode), // these are in the log already
    );
    const { format } = options.log;
    let isReported = false;
    try {
      await writeReports(report, places, stdio); // first: a run that is stopped may not reach the end of its log
      isReported = true;
    } finally {
      await journal.close({ isReported });
      await logReport({ ...report, items }, { format, allowLost, stdio, log });
      if (task === 'dry-run' && format !== 'json') log.write('info', NOTHING_WRITTEN);
    }
    return stop.exitCode() ?? exitCodeOf(report, options);
  });
}

/** For machines the mode is in the summary. */
const NOTHING_WRITTEN = 'dry run: nothing was written; -confirm promotes';

interface Parts {
  readonly options: PromotionOptions;
  readonly run: Run;
}

interface PromotionParts extends Parts {
  readonly events: PromotionEvents;
}

/** The stages over registries: a promotion or its dry run. */
async function promoteWith(
  read: ReadManifests,
  { options, run, events }: PromotionParts,
): Promise<RunReport> {
  const { threads, task, reportAll, shard, siblings, proof, maxImageSize } = options;
  const { runtime } = run;
  const { stopping, signal } = run.stop;
  const confirm = task === 'promotion';
  const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
  const spool = runtime.openSpool(options.spoolLimit);
  const tree = runtime.openTree(options.where);
  const { promote } = await import('../../promote.ts');
  const request = { read, tool: VERSION, confirm, proof, maxImageSize, reportAll, threads, shard, siblings };
  return await run.showing(client.traffic, (progress) =>
    promote(request, { ...client, tree, spool, clock: runtime.clock, progress, events, stopping, signal }),
  );
}

/** The findings that need no network. */
function checkOnly(read: ReadManifests, { options, run }: Parts): RunReport {
  const { manifests, problems, counts } = read;
  const registries = registriesOf(manifests);
  const { runtime, log, stop } = run;
  warnUnusedBudgets(options.budgets, registries, log);
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
