import { messageOf } from '../base/errors.ts';
import { LayoutError } from '../manifest/layout-error.ts';
import type { ReadManifests } from '../manifest/model.ts';
import { renderProblem } from '../manifest/problem.ts';
import { readManifests } from '../manifest/read-manifests.ts';
import type { Log } from '../ports/log.ts';
import { exitCodeOf } from '../report/exit-code.ts';
import type { Report } from '../report/report.ts';
import { createLogger } from './logger.ts';
import type { Options } from './options.ts';
import { StatusArea } from './progress/status-area.ts';
import { runParseOnly } from './run-parse-only.ts';
import type { Stdio } from './stdio.ts';
import { catchStopSignals, type StopSignals } from './stop-signals.ts';
import { tellReport } from './tell-report.ts';
import { exitCodeOfError, UsageError } from './usage-error.ts';
import { checkReportTargets, writeReports } from './write-report.ts';

/** A run of `cip` from its options to its exit code. */
export async function runCip(options: Options, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  const status = new StatusArea(stdio.err); // log lines stay above it
  const log = createLogger({ err: status }, options.log, Date.now);
  const stop = catchStopSignals();
  stop.stopping.addEventListener('abort', () => log.write('warning', STOPPING));
  try {
    for (const warning of options.warnings) log.write('warning', warning);
    const { shard } = options;
    if (shard !== undefined) log.write('info', 'one shard of the promotion', { ...shard });
    await checkReportTargets(options, options.where.kind === 'plain' ? [options.where.file] : []);
    const read = await readWanted(options, { log, stop });
    const report =
      options.task === 'parse-only' ? runParseOnly(read, { shard, now: Date.now }) : await promoteLazily();
    const items = report.items.filter(({ decision }) => decision !== 'invalid'); // these have been told
    await tellReport({ ...report, items }, { format: options.log.format, stdio, log });
    await writeReports(report, options, stdio);
    return stop.exitCode() ?? exitCodeOf(report, options);

    // the registry client is the heavy part of the program: loaded when it is known to be needed
    async function promoteLazily(): Promise<Report> {
      const { runPromotion } = await import('./run-promotion.ts');
      return runPromotion(read, { options, status, env, stop, log });
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
