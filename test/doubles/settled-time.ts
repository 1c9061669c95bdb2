import type { StartTimer } from '../../src/http/time-limits.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** Turns of the event loop without any activity after which nothing is on its way between sockets of this process. */
const QUIET = 8;
/** The same after which nothing will ever come. */
const DEAD = 1_000_000;

export interface SettledTimeOptions {
  /** A number that changes with whatever happens over real sockets. */
  readonly activity: () => number;
  /** True while a server holds an answer back: only then may time limits end, or they would end innocent requests. */
  readonly stalled: () => boolean;
}

interface Event {
  readonly at: number;
  readonly act: () => void;
}

/** What the wall clock says when the monotonic one is at zero. */
const BEGIN = Date.UTC(2026, 10, 20, 21);

/**
 * Time for real sockets: it stands still while anything happens, and then goes on to whatever comes next, the end of a
 * sleep or of a time limit. Nobody waits for the wall clock, and no test depends on how fast the machine is.
 */
export class SettledTime implements Clock {
  readonly #options: SettledTimeOptions;
  readonly #sleeps = new Set<Event>();
  readonly #limits = new Set<Event>();
  #now = 5000;
  #slept = 0;

  constructor(options: SettledTimeOptions) {
    this.#options = options;
  }

  wallTime(): number {
    return BEGIN + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  random(): number {
    return 0.5;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#slept += 1;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const event = { at: this.#now + Math.max(0, milliseconds), act: wake };
      const giveUp = () => {
        this.#sleeps.delete(event);
        reject(signal.reason);
      };
      function wake(): void {
        signal.removeEventListener('abort', giveUp);
        resolve();
      }
      this.#sleeps.add(event);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  readonly startTimer: StartTimer = (milliseconds, act) => {
    const event = { at: this.#now + milliseconds, act };
    this.#limits.add(event);
    return () => this.#limits.delete(event);
  };

  /** Lets time pass until this has settled. Throws where nothing is left to happen. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false };
    const settle = () => {
      state.isSettled = true;
    };
    promise.then(settle, settle);
    let seen = this.#activity();
    for (let idle = 0; idle < DEAD; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state.isSettled) return promise;
      const active = this.#activity() !== seen;
      if (active || (idle >= QUIET && this.#goOn())) idle = 0;
      seen = this.#activity();
    }
    throw new Error('everybody waits for something that never comes');
  }

  #activity(): number {
    return this.#options.activity() + this.#slept;
  }

  /** Moves on to the next event; false where there is none. */
  #goOn(): boolean {
    const due = this.#options.stalled() ? [...this.#sleeps, ...this.#limits] : [...this.#sleeps];
    const next = due.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined) return false;
    this.#sleeps.delete(next);
    this.#limits.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.act();
    return true;
  }
}
