/** Milliseconds after which a measurement counts for a third: long enough to be stable, short enough to follow. */
const MEMORY = 60_000;
/** Milliseconds of a stage before the rest can be estimated. */
const MIN_ELAPSED = 10_000;
const MIN_STEPS = 10;
/** Milliseconds before a rate can be computed. */
const MIN_TIME = 1000;
/** A longer estimate means that too little is known. */
const MAX_REMAINING = 100 * 3_600_000;

/** The rate of the steps of one stage: an average that weights older steps less. */
export class StageRate {
  readonly #begun: number;
  #last: { readonly at: number; readonly done: number };
  /** Weighted steps and milliseconds. */
  #weighted = { steps: 0, time: 0 };

  constructor(now: number) {
    this.#begun = now;
    this.#last = { at: now, done: 0 };
  }

  /** Records the number of steps done so far. */
  update(now: number, done: number): void {
    const time = now - this.#last.at;
    if (time <= 0) return; // the clock of a machine may be set back
    const keep = Math.exp(-time / MEMORY);
    this.#weighted = {
      steps: this.#weighted.steps * keep + (done - this.#last.done),
      time: this.#weighted.time * keep + time,
    };
    this.#last = { at: now, done };
  }

  /** Undefined in the first second. */
  stepsPerSecond(): number | undefined {
    const { steps, time } = this.#weighted;
    return this.#last.at - this.#begun < MIN_TIME ? undefined : (steps / time) * 1000;
  }

  /** Milliseconds until so many steps are done; undefined without enough evidence. */
  remaining(all: number): number | undefined {
    const { at, done } = this.#last;
    if (at - this.#begun < MIN_ELAPSED || done < MIN_STEPS || done >= all) return undefined;
    const { steps, time } = this.#weighted;
    const remaining = ((all - done) / steps) * time;
    return remaining <= MAX_REMAINING ? remaining : undefined;
  }
}
