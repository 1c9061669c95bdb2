import type { Clock } from '../../src/ports/clock.ts';

/** A clock whose waits are over at once: they move it on. */
export class FakeClock implements Clock {
  /** Every wait so far, in milliseconds. */
  readonly sleeps: number[] = [];
  #now = Date.UTC(2024, 5, 1);

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.sleeps.push(milliseconds);
    this.#now += milliseconds;
    await Promise.resolve();
  }

  random(): number {
    return 0.5;
  }
}
