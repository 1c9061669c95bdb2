/** Queued tasks that have begun, before their places are dropped from the queue. */
const DROP_AFTER = 1000;

/**
 * Bounds how many tasks run at a time: first come, first served.
 *
 * A task must not wait for another one while it holds a permit that the other needs.
 */
export class Semaphore {
  #permits: number;
  #running = 0;
  #queue: (() => void)[] = [];
  /** Position of the first task in the queue that has not begun. */
  #head = 0;

  constructor(permits: number) {
    this.#permits = Math.max(1, permits);
  }

  /** Sets the number of permits. A smaller number takes effect as running tasks end. */
  resize(permits: number): void {
    this.#permits = Math.max(1, permits);
    this.#begin();
  }

  /** Runs a task with a permit. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#permits) this.#running += 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#begin();
    }
  }

  #begin(): void {
    while (this.#running < this.#permits) {
      const next = this.#queue[this.#head];
      if (next === undefined) return;
      this.#head += 1;
      if (this.#head >= DROP_AFTER) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#running += 1;
      next();
    }
  }
}
