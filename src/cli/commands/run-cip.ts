import { systemClock } from '../../adapters/system/clock.ts';
import { filtered } from '../../base/iterables.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import type { RunReport } from '../../report/report.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { logReport } from '../output/log-report.ts';
import { inputsOf } from '../output/report-inputs.ts';
import type { Stdio } from '../output/stdio.ts';
import { prepareReports, writeReports } from '../output/write-report.ts';
import { bindRegistries, registriesOf } from '../runtime/bound-registries.ts';
import { loadManifests } from '../runtime/load-manifests.ts';
import { withRun } from '../runtime/run-scope.ts';
import { warnUnusedBudgets } from '../runtime/warn-unused-budgets.ts';
import { runParseOnly } from './run-parse-only.ts';

/** A run of `cip` from its options to its exit code. */
export function runCip(options: PromotionOptions, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  return withRun(options, stdio, async ({ log, stop, status }) => {
    const { shard, task, where } = options;
    if (shard !== undefined) log.write('info', 'one shard of the promotion', { ...shard });
    const places = await prepareReports(options, inputsOf(options));
    const read = await loadManifests(where, { strict: false, log, stopping: stop.stopping });
    const report = task === 'parse-only' ? parseOnly() : await promoteLazily();
    const items = filtered(report.items, ({ decision }) => decision !== 'invalid'); // these have been told
    const { format } = options.log;
    try {
      await writeReports(report, places, stdio); // first: who stops a run may not wait until all is told
    } finally {
      await logReport({ ...report, items }, { format, allowLost: options.allowLost, stdio, log });
      if (task === 'dry-run' && format === 'text') log.write('info', NOTHING_WRITTEN);
    }
    return stop.exitCode() ?? exitCodeOf(report, options);

    function parseOnly(): RunReport {
      const registries = registriesOf(read.manifests);
      warnUnusedBudgets(options.budgets, registries, log);
      if (options.serviceAccounts) bindRegistries(registries, log);
      return runParseOnly(read, { shard, clock: systemClock, stopped: stop.stopping.aborted });
    }

    // the registry client is the heavy part of the program: loaded when it is known to be needed
    async function promoteLazily(): Promise<RunReport> {
      const { runPromotion } = await import('./run-promotion.ts');
      return runPromotion(read, { options, status, env, stop, log, secrets: stdio.secrets });
    }
  });
}

/** For machines the mode is in the summary. */
const NOTHING_WRITTEN = 'dry run: nothing was written; -confirm promotes';
