import { oneLine } from '../../base/text.ts';
import type { Log } from '../../ports/log.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { ProcessContext } from '../commands/command.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import { createLogger, type LineLog } from '../output/logger.ts';
import { showRunProgress } from '../progress/run-progress.ts';
import { StatusArea } from '../progress/status-area.ts';
import { isObserved, NO_TELEMETRY, type Telemetry } from '../telemetry/telemetry.ts';
import { DeadlineError, withDeadline } from './deadline.ts';
import { openRuntime, type Runtime } from './open-runtime.ts';
import { observeRun } from '../telemetry/observe-run.ts';
import { catchStopSignals, GRACE, type StopSignals } from './stop-signals.ts';

/** The parts that every run has. */
export interface Run {
  readonly log: LineLog;
  /** Writes a line without a level to stderr, above the progress. */
  readonly print: (line: string) => void;
  readonly stop: StopSignals;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Shows progress and traffic while `work` runs. */
  readonly showing: <T>(traffic: Traffic, work: (progress: Progress) => Promise<T>) => Promise<T>;
}

/** Opens log, signals and runtime for a run, and closes them after it. */
export async function withRun(
  options: RunOptions & Partial<Pick<PromotionOptions, 'deadline' | 'task'>>,
  { stdio, env }: ProcessContext,
  run: (run: Run) => Promise<number>,
): Promise<number> {
  const status = new StatusArea(stdio.err); // log lines stay above it
  const log = createLogger({ err: status }, options.log, Date.now);
  const releaseWarnings = catchWarnings(log);
  const stop = withDeadline(catchStopSignals(), options.deadline);
  const runtime = openRuntime({ options, env, log, secrets: stdio.secrets });
  const { clock } = runtime;
  stop.stopping.addEventListener('abort', () => log.write('warning', whyStopping(stop.stopping, options)));
  try {
    for (const warning of options.warnings) log.write('warning', warning);
    const print = (line: string) => status.write(`${line}\n`);
    const observed = { options, env, log, clock, stdio };
    const telemetry = isObserved(observed) ? await observeRun(observed) : NO_TELEMETRY;
    const showing: Run['showing'] = async (traffic, work) => {
      const shown = showRunProgress(traffic, { options, status, env, stop, log, clock });
      try {
        return await work(telemetry.watch(traffic, shown.progress));
      } finally {
        shown.close();
      }
    };
    return await telemetry.during(() => run({ log, print, stop, runtime, telemetry, showing }));
  } finally {
    await runtime.close();
    stop.release();
    releaseWarnings();
  }
}

function whyStopping({ reason }: AbortSignal, { task }: Partial<Pick<PromotionOptions, 'task'>>): string {
  const grace = task === 'promotion' ? `; writes in flight get ${GRACE / 1000} s more` : '';
  const effect = `no new work is started${grace}`;
  return reason instanceof DeadlineError
    ? `stopping at the deadline: ${effect}`
    : `stopping: ${effect}; a second signal ends it at once`;
}

/** A warning of Google's library on each machine without a metadata server, which is the usual case. */
const QUIET: ReadonlySet<string> = new Set(['MetadataLookupWarning']);

/** Writes node's warnings to the log instead of stderr. The returned function ends that. */
export function catchWarnings(log: Log): () => void {
  const printers = process.listeners('warning');
  const write = ({ name, message }: Error) =>
    log.write(QUIET.has(name) ? 'debug' : 'warning', 'node warns', { name, text: oneLine(message) });
  process.removeAllListeners('warning');
  process.on('warning', write);
  return () => {
    process.off('warning', write);
    for (const printer of printers) process.on('warning', printer);
  };
}
