import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { StopSignals } from '../runtime/stop-signals.ts';
import { progressStyleOf } from './progress-style.ts';
import { type ShownProgress, showProgress, systemTimers } from './show-progress.ts';
import type { StatusArea } from './status-area.ts';

export interface RunToShow {
  readonly options: Pick<PromotionOptions, 'progress' | 'log'>;
  readonly status: StatusArea;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: StopSignals;
  readonly log: Log;
  readonly clock: Clock;
}

/** Shows where a run is, as its options and its surroundings have it, until it is closed or the run is told to stop. */
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
