import type { StartTimer } from '../../src/http/time-limits.ts';

/** Timers of the wire that end when a test says so. */
export class FakeTimers {
  readonly #running = new Map<object, { milliseconds: number; act: () => void }>();

  readonly start: StartTimer = (milliseconds, act) => {
    const id = {};
    this.#running.set(id, { milliseconds, act });
    return () => this.#running.delete(id);
  };

  get running(): number[] {
    return Array.from(this.#running.values(), ({ milliseconds }) => milliseconds);
  }

  /** Ends every timer that runs now. */
  end(): void {
    const all = Array.from(this.#running.values());
    this.#running.clear();
    for (const { act } of all) act();
  }
}
