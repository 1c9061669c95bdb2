import type { Progress, ProgressStage } from '../../ports/progress.ts';
import type { Traffic } from '../../ports/traffic.ts';
import { type HostRate, HostRates } from './host-rates.ts';
import { StageRate } from './stage-rate.ts';

/** The state of a run at one moment, for the display and for the log. */
export interface ProgressSnapshot {
  readonly stage: ProgressStage;
  readonly done: number;
  /** At least 1. */
  readonly steps: number;
  /** Recent rate; undefined in the first second. */
  readonly stepsPerSecond: number | undefined;
  /** Milliseconds to the end of this stage at the recent rate; undefined without enough evidence. */
  readonly remaining: number | undefined;
  /** Those that throttle first, then the busiest ones. */
  readonly hosts: readonly HostRate[];
}

interface Current {
  readonly stage: ProgressStage;
  readonly steps: number;
  readonly pace: StageRate;
  done: number;
}

/** Counts the steps of a run. A step costs an addition; rates are computed when they are read. */
export class ProgressMeter implements Progress {
  readonly #now: () => number;
  readonly #hosts: HostRates;
  #current: Current | undefined;

  /** `window`: milliseconds that the rates of hosts are of. */
  constructor(traffic: Traffic, { now, window }: { now: () => number; window: number }) {
    this.#now = now;
    this.#hosts = new HostRates(traffic, { now: now(), window });
  }

  begin(stage: ProgressStage, steps: number): void {
    this.#current = { stage, steps, done: 0, pace: new StageRate(this.#now(), steps) };
  }

  advance(steps = 1): void {
    if (this.#current !== undefined) this.#current.done += steps;
  }

  end(): void {
    this.#current = undefined;
  }

  /** Undefined between stages, and in one without steps that has not begun. */
  read(): ProgressSnapshot | undefined {
    const now = this.#now();
    const hosts = this.#hosts.read(now);
    if (this.#current === undefined) return undefined;
    const { stage, steps, done, pace } = this.#current;
    if (steps === 0 && done === 0) return undefined;
    pace.update(now, done);
    return {
      stage,
      steps,
      done,
      stepsPerSecond: pace.stepsPerSecond(),
      remaining: steps === 0 ? undefined : pace.remaining(),
      hosts,
    };
  }
}
