import type { Clock } from '../../src/ports/clock.ts';

/** What the wall clock says when the monotonic one is at zero. */
const BEGIN = Date.UTC(2026, 10, 20, 21);

/** A clock for many who sleep at once: when nobody has anything left to do, the time of the next one comes. */
export class VirtualClock implements Clock {
  #now = 5000;
  #step = 0;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #seed = 1;

  wallTime(): number {
    return BEGIN + this.#now + this.#step;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Sets the wall clock forth, or back. */
  stepWallTime(milliseconds: number): void {
    this.#step += milliseconds;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      const at = this.#now + Math.max(0, milliseconds);
      const index = this.#sleepers.findLastIndex((sleeper) => sleeper.at <= at);
      this.#sleepers.splice(index + 1, 0, { at, wake: resolve });
    });
  }

  /** The same numbers in every run. */
  random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }

  /** Lets time pass until this has settled. Throws where nobody sleeps and nothing happens any more. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false };
    const settle = () => {
      state.isSettled = true;
    };
    promise.then(settle, settle);
    for (let idle = 0; idle < 100; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state.isSettled) return promise;
      const next = this.#sleepers.shift();
      idle = next === undefined ? idle + 1 : 0;
      if (next === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    throw new Error('everybody waits for something that never comes');
  }
}
