import type { EndedImage } from '../../copy/copy-events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress, ProgressStage } from '../../ports/progress.ts';
import type { HostTraffic, Traffic } from '../../ports/traffic.ts';
import type { Report } from '../../report/report.ts';

/** A phase of a run. A run may have several of one stage. */
export interface Phase {
  readonly stage: ProgressStage;
  /** Milliseconds on the monotonic clock. */
  readonly begun: number;
  /** Undefined until it ends. */
  readonly ended: number | undefined;
}

/** A run at one moment. */
export interface ObservedRun {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The time of this value, on the monotonic clock, like `begun`. */
  readonly now: number;
  readonly begun: number;
  readonly phases: readonly Phase[];
  readonly traffic: ReadonlyMap<string, HostTraffic>;
  /** Undefined until the plan is final, and of a run without a report. */
  readonly report: Report | undefined;
  /** Undefined until the run ends. */
  readonly exitCode: number | undefined;
}

/** Receives the results of a run. */
export interface Sink {
  phaseEnded?(phase: Phase): void;
  imageEnded?(image: EndedImage): void;
  /** Called once, when the run has ended. A rejection is a failure of the run. */
  close(run: ObservedRun): Promise<void>;
}

/** Collects what a run reports of itself. It counts nothing: a phase costs two readings of the clock. */
export class RunObserver {
  readonly #clock: Clock;
  readonly #phaseEnded: (phase: Phase) => void;
  readonly #startedAt: number;
  readonly #begun: number;
  readonly #phases: Phase[] = [];
  #traffic: Traffic | undefined;
  #report: Report | undefined;

  constructor(clock: Clock, phaseEnded: (phase: Phase) => void = () => {}) {
    this.#clock = clock;
    this.#phaseEnded = phaseEnded;
    this.#startedAt = clock.wallTime();
    this.#begun = clock.monotonic();
  }

  watch(traffic: Traffic, progress: Progress): Progress {
    this.#traffic = traffic;
    return {
      begin: (stage, steps) => {
        this.#endPhase();
        this.#phases.push({ stage, begun: this.#clock.monotonic(), ended: undefined });
        progress.begin(stage, steps);
      },
      advance: (steps) => progress.advance(steps),
      end: () => {
        this.#endPhase();
        progress.end();
      },
      beginImage: (image) => progress.beginImage(image),
    };
  }

  reported(report: Report): void {
    this.#report = report;
  }

  read(): ObservedRun {
    return this.#read(undefined);
  }

  /** The run at its end. */
  end(exitCode: number): ObservedRun {
    this.#endPhase();
    return this.#read(exitCode);
  }

  #endPhase(): void {
    const last = this.#phases.at(-1);
    if (last === undefined || last.ended !== undefined) return;
    const phase = { ...last, ended: this.#clock.monotonic() };
    this.#phases[this.#phases.length - 1] = phase;
    this.#phaseEnded(phase);
  }

  #read(exitCode: number | undefined): ObservedRun {
    return {
      startedAt: this.#startedAt,
      now: this.#clock.monotonic(),
      begun: this.#begun,
      phases: [...this.#phases],
      traffic: this.#traffic?.hosts() ?? new Map(),
      report: this.#report,
      exitCode,
    };
  }
}
