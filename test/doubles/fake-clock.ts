import type { Clock } from '../../src/ports/clock.ts';

/** A clock that stands still until somebody sleeps: then the time has passed at once. */
export class FakeClock implements Clock {
  /** Milliseconds of each sleep, in order. */
  readonly waits: number[] = [];
  #now: number;
  readonly #chance: number;

  constructor({ now = Date.UTC(2026, 10, 20, 21), chance = 0.5 } = {}) {
    this.#now = now;
    this.#chance = chance;
  }

  now(): number {
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
