import type { Timers } from '../../src/cli/progress/show-progress.ts';

/** Time that passes when a test says so, and what comes again and again in it. */
export class FakeTime implements Timers {
  #now = 0;
  readonly #repeated = new Set<{ readonly every: number; readonly tick: () => void; next: number }>();

  now(): number {
    return this.#now;
  }

  every(milliseconds: number, tick: () => void): () => void {
    const repeated = { every: milliseconds, tick, next: this.#now + milliseconds };
    this.#repeated.add(repeated);
    return () => void this.#repeated.delete(repeated);
  }

  /** Lets time pass; whatever is due in it happens at its time. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.#now = due.next;
      due.next += due.every;
      due.tick();
    }
    this.#now = end;
  }

  #due(end: number) {
    const due = Array.from(this.#repeated).filter(({ next }) => next <= end);
    return due.toSorted((a, b) => a.next - b.next)[0];
  }
}
