import type { ProgressStage } from '../../ports/progress.ts';

/** Where a run is at one moment: what the display and the log both show. */
export interface ProgressSnapshot {
  readonly stage: ProgressStage;
  readonly done: number;
  /** At least 1. */
  readonly steps: number;
  /** Of late; undefined until there is something to tell it by. */
  readonly stepsPerSecond: number | undefined;
  /** Milliseconds until this stage is over, at the pace of late; undefined until there is enough evidence. */
  readonly remaining: number | undefined;
  /** Those that throttle first, then the busiest ones. */
  readonly hosts: readonly HostRate[];
}

/** What goes on with a host. */
export interface HostRate {
  readonly host: string;
  readonly requestsPerSecond: number;
  /** In and out. */
  readonly bytesPerSecond: number;
  /** Answers 429 and requests repeated, since the run began. */
  readonly throttled: number;
  readonly retries: number;
  /** It has answered 429 of late. */
  readonly isThrottling: boolean;
}
