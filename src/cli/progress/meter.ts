import type {
  BlobProgress,
  ImageInFlight,
  ImageProgress,
  Progress,
  ProgressStage,
} from '../../ports/progress.ts';
import type { Traffic } from '../../ports/traffic.ts';
import { ByteCounter, type ByteSnapshot } from './byte-counter.ts';
import { type HostRate, HostRates } from './host-rates.ts';
import { StageRate } from './stage-rate.ts';

/** The state of a run at one moment, for the display and for the log. */
export interface ProgressSnapshot {
  readonly stage: ProgressStage;
  readonly done: number;
  /** At least 1. */
  readonly steps: number;
  /** The steps that have begun; equal to `done` in a stage that does not tell. */
  readonly begun: number;
  /** Undefined in a stage that sends no blobs, and before its first blob. */
  readonly bytes: ByteSnapshot | undefined;
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
  readonly bytes: ByteCounter;
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
    const pace = new StageRate(this.#now());
    this.#current = { stage, steps, done: 0, pace, bytes: new ByteCounter(this.#now) };
  }

  advance(steps = 1): void {
    if (this.#current !== undefined) this.#current.done += steps;
  }

  end(): void {
    this.#current = undefined;
  }

  beginImage(image: ImageInFlight): ImageProgress {
    return this.#current?.bytes.beginImage(image) ?? NO_IMAGE;
  }

  /** Undefined between stages, and in one without steps that has not begun. */
  read(): ProgressSnapshot | undefined {
    const now = this.#now();
    const hosts = this.#hosts.read(now);
    if (this.#current === undefined) return undefined;
    const { stage, steps, done, pace, bytes: counter } = this.#current;
    if (steps === 0 && done === 0) return undefined;
    pace.update(now, done);
    const bytes = counter.read();
    const begun = Math.max(done, counter.images);
    const ofSteps = steps === 0 ? undefined : pace.remaining(steps);
    return {
      stage,
      steps,
      done,
      begun,
      bytes,
      stepsPerSecond: pace.stepsPerSecond(),
      remaining: begun < steps ? longest(ofSteps, bytes?.remaining) : (bytes?.remaining ?? ofSteps),
      hosts,
    };
  }
}

/** Bytes alone are too short an estimate while manifests are left to read. */
function longest(ofSteps: number | undefined, ofBytes: number | undefined): number | undefined {
  return ofSteps === undefined ? undefined : Math.max(ofSteps, ofBytes ?? 0);
}

const NO_BLOB: BlobProgress = { advance: () => {}, restart: () => {}, end: () => {} };
const NO_IMAGE: ImageProgress = { beginBlob: () => NO_BLOB };

/** Progress that nobody looks at. */
export const NO_PROGRESS: Progress = {
  begin: () => {},
  advance: () => {},
  end: () => {},
  beginImage: () => NO_IMAGE,
};
