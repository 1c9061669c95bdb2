import { messageOf } from '../base/errors.ts';
import type { Log } from '../ports/log.ts';
import { exitCodeOf } from '../report/exit-code.ts';
import { renderItemLine, renderTables } from '../report/render-text.ts';
import type { Report, ReportItem } from '../report/report.ts';
import { createLogger } from './logger.ts';
import type { Options } from './options.ts';
import { readWanted } from './read-wanted.ts';
import { runParseOnly } from './run-parse-only.ts';
import { type Stdio, writeTo } from './stdio.ts';
import { catchStopSignals } from './stop-signals.ts';
import { exitCodeOfError } from './usage-error.ts';
import { checkReportTargets, writeReports } from './write-report.ts';

/** A run of `cip` from its options to its exit code. */
export async function runCip(options: Options, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  const log = createLogger(stdio, options.log, Date.now);
  const stop = catchStopSignals();
  stop.stopping.addEventListener('abort', () => log.write('warning', STOPPING));
  try {
    for (const warning of options.warnings) log.write('warning', warning);
    await checkReportTargets(options);
    const strict = options.task === 'parse-only';
    const read = await readWanted(options.where, { strict, log, stopping: stop.stopping });
    const report = options.task === 'parse-only' ? runParseOnly(read, Date.now) : await promoteLazily();
    await conclude(report, { options, stdio, log });
    return stop.exitCode() ?? exitCodeOf(report, options);

    // the registry client is the heavy part of the program: loaded when it is known to be needed
    async function promoteLazily(): Promise<Report> {
      const { runPromotion } = await import('./run-promotion.ts');
      return runPromotion(read, { options, stdio, env, stop, log });
    }
  } catch (error) {
    if (options.log.format === 'text') throw error;
    log.write('error', messageOf(error)); // a collector of JSON takes no other line
    return exitCodeOfError(error);
  } finally {
    stop.release();
  }
}

const STOPPING =
  'stopping: what is in flight is finished, nothing new is begun; a second signal ends it at once';

async function conclude(
  report: Report,
  { options, stdio, log }: { options: Options; stdio: Stdio; log: Log },
): Promise<void> {
  for (const item of report.items) {
    if (item.decision !== 'invalid') log.write(levelOf(item), renderItemLine(item)); // invalid ones have been told
  }
  for (const [host, { identities }] of Object.entries(report.hosts)) {
    log.write('info', 'asked as', { host, identities: identities.join(', ') || 'anonymous' });
  }
  if (options.log.format === 'json') logSummary(report, log);
  else await writeTo(stdio.err, `\n${renderTables(report)}\n`);
  await writeReports(report, options, stdio);
}

/** What the tables tell, for machines. */
function logSummary({ mode, stopped, durationMs, summary, hosts }: Report, log: Log): void {
  for (const [host, { edges, identities, ...traffic }] of Object.entries(hosts)) {
    log.write('info', 'host', { host, ...edges, ...traffic, identities: identities.join(', ') });
  }
  log.write('info', 'run finished', { mode, stopped, durationMs, ...summary });
}

function levelOf({ decision, outcome }: ReportItem): 'info' | 'warning' | 'error' {
  if (outcome === 'failed') return 'error';
  if (decision === 'lost') return 'warning';
  return decision === 'copy' || decision === 'add-tag' || decision === 'present' ? 'info' : 'error';
}
