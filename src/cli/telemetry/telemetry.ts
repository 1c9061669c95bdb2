import type { EndedImage } from '../../copy/copy-events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { Report } from '../../report/report.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import type { LineLog } from '../output/logger.ts';
import type { Stdio } from '../output/stdio.ts';
import { wantsTraces } from './otel-environment.ts';

/** Metrics and traces of a run. */
export interface Telemetry {
  /** Runs `work`, then publishes the results, also of work that fails. */
  during(work: () => Promise<number>): Promise<number>;
  /** Observes the traffic of the run, and the phases that the returned progress is told of. */
  watch(traffic: Traffic, progress: Progress): Progress;
  /** The report so far; the last one is that of the whole run. */
  reported(report: Report): void;
  imageEnded(image: EndedImage): void;
}

export interface TelemetryParts {
  readonly options: Pick<RunOptions, 'metrics' | 'caFiles'> & Partial<Pick<PromotionOptions, 'task'>>;
  readonly env: NodeJS.ProcessEnv;
  readonly log: LineLog;
  readonly clock: Clock;
  readonly stdio: Stdio;
}

/** Of a run that nobody observes. */
export const NO_TELEMETRY: Telemetry = {
  during: (work) => work(),
  watch: (_, progress) => progress,
  reported: () => {},
  imageEnded: () => {},
};

/** True for a run with metrics or traces. */
export function isObserved({ options, env }: Pick<TelemetryParts, 'options' | 'env'>): boolean {
  return options.metrics !== undefined || isTraced({ options, env });
}

/** True if the environment asks for traces; `-parse-only` never touches the network. */
export function isTraced({ options, env }: Pick<TelemetryParts, 'options' | 'env'>): boolean {
  return options.task !== 'parse-only' && wantsTraces(env);
}
