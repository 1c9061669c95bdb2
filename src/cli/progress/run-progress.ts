import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { LogFormat } from '../flags/options/run-options.ts';
import type { StopSignals } from '../runtime/stop-signals.ts';
import { type ProgressStyle, type ShownProgress, showProgress, systemTimers } from './show-progress.ts';
import type { StatusArea } from './status-area.ts';

export interface RunToShow {
  readonly options: Pick<PromotionOptions, 'progress' | 'log'>;
  readonly status: StatusArea;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: StopSignals;
  readonly log: Log;
  readonly clock: Clock;
}

/** Shows the progress of a run in the style of its options and environment, until it is closed or the run is stopped. */
export function showRunProgress(traffic: Traffic, run: RunToShow): ShownProgress {
  const { options, status, env, stop, log, clock } = run;
  const style = progressStyleOf({ wanted: options.progress, format: options.log.format, status, env });
  const shown = showProgress(style, {
    traffic,
    status,
    log,
    now: () => clock.monotonic(),
    timers: systemTimers,
  });
  stop.stopping.addEventListener('abort', shown.close);
  return shown;
}

/**
 * Live on a terminal that somebody looks at; else in the log: in a file, in CI, on a terminal that cannot move its
 * cursor, and where the log is for machines, which take no other line.
 */
export function progressStyleOf({
  wanted,
  format,
  status,
  env,
}: {
  wanted: boolean;
  format: LogFormat;
  status: Pick<StatusArea, 'isTerminal'>;
  env: NodeJS.ProcessEnv;
}): ProgressStyle {
  if (!wanted) return 'none';
  const isCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  const isLive = status.isTerminal && format !== 'json' && !isCi && env['TERM'] !== 'dumb';
  return isLive ? 'live' : 'log';
}
