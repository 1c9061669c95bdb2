import { messageOf } from '../base/errors.ts';
import { LayoutError } from '../manifest/layout-error.ts';
import type { ReadManifests } from '../manifest/model.ts';
import { renderProblem } from '../manifest/problem.ts';
import { readManifests } from '../manifest/read-manifests.ts';
import type { Log } from '../ports/log.ts';
import { exitCodeOf } from '../report/exit-code.ts';
import { renderItemLine, renderTables } from '../report/render-text.ts';
import type { Report, ReportItem } from '../report/report.ts';
import { createLogger } from './logger.ts';
import { DeadlineError, withDeadline } from './deadline.ts';
import type { Options } from './options.ts';
import { runParseOnly } from './run-parse-only.ts';
import { type Stdio, writeTo } from './stdio.ts';
import { catchStopSignals, type StopSignals } from './stop-signals.ts';
import { exitCodeOfError, UsageError } from './usage-error.ts';
import { checkReportTargets, writeReports } from './write-report.ts';

/** A run of `cip` from its options to its exit code. */
export async function runCip(options: Options, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  const log = createLogger(stdio, options.log, Date.now);
  const stop = withDeadline(catchStopSignals(), options.deadline);
  stop.stopping.addEventListener('abort', () => log.write('warning', whyStopping(stop.stopping)));
  try {
    for (const warning of options.warnings) log.write('warning', warning);
    await checkReportTargets(options);
    const read = await readWanted(options, { log, stop });
    const stopped = stop.stopping.aborted;
    const report =
      options.task === 'parse-only' ? runParseOnly(read, { now: Date.now, stopped }) : await promoteLazily();
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

function whyStopping({ reason }: AbortSignal): string {
  const what = 'what is in flight is finished, nothing new is begun';
  return reason instanceof DeadlineError
    ? `stopping at the deadline: ${what}`
    : `stopping: ${what}; a second signal ends it at once`;
}

/** The manifests, with every problem told; throws a `UsageError` where there is nothing to go on with. */
async function readWanted(
  { where, task }: Options,
  { log, stop }: { log: Log; stop: StopSignals },
): Promise<ReadManifests> {
  const read = await untilAborted(readManifests(where, stop.stopping), stop.stopping).catch(
    (error: unknown) => {
      if (stop.stopping.aborted) return NOTHING_READ; // a stopped run has a report too
      throw error instanceof LayoutError ? new UsageError(error.message) : error;
    },
  );
  for (const problem of read.problems) log.write(problem.severity, renderProblem(problem));
  const { projects, images, digests } = read.counts;
  log.write('info', 'manifests read', { projects, images, digests });
  const unparsable = read.problems.some(({ rule }) => rule === 'yaml' || rule === 'file-size');
  if (unparsable && (task === 'parse-only' || where.kind === 'plain')) {
    throw new UsageError('a manifest cannot be parsed: see above');
  }
  return read;
}

const NOTHING_READ: ReadManifests = {
  manifests: [],
  problems: [],
  counts: { projects: 0, images: 0, digests: 0 },
};

/** Waits no longer than the signal allows: a manifest may be a pipe that nobody writes to. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  return Promise.race([promise, aborted]);
}

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
