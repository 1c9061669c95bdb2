import type { Clock } from '../../src/ports/clock.ts';

/** What the wall clock says when the monotonic one is at zero. */
const BEGIN = Date.UTC(2026, 10, 20, 21);

/** A clock that stands still until somebody sleeps: then the time has passed at once. */
export class FakeClock implements Clock {
  /** Milliseconds of each sleep, in order. */
  readonly waits: number[] = [];
  #now = 5000;
  readonly #chance: number;

  constructor({ chance = 0.5 } = {}) {
    this.#chance = chance;
  }

  wallTime(): number {
    return BEGIN + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Lets time pass that nobody slept for. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waits.push(milliseconds);
    this.#now += milliseconds;
  }

  random(): number {
    return this.#chance;
  }
}
