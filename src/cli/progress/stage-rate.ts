/** Milliseconds after which what was counts for a third: long enough not to jump, short enough to follow. */
const MEMORY = 60_000;
/** Less of a stage than this is no evidence of how long the rest takes. */
const MIN_ELAPSED = 10_000;
const MIN_STEPS = 10;
/** What happens in less time is no rate. */
const MIN_TIME = 1000;
/** An estimate beyond this says only that nothing is known. */
const MAX_REMAINING = 100 * 3_600_000;

/** How fast the steps of one stage are done: an average that forgets slowly. */
export class StageRate {
  readonly #begun: number;
  #last: { readonly at: number; readonly done: number };
  /** Steps and milliseconds, older ones for less. */
  #weighted = { steps: 0, time: 0 };

  constructor(now: number) {
    this.#begun = now;
    this.#last = { at: now, done: 0 };
  }

  /** Takes note of how many steps are done by now. */
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
