/** What a queue needs of a clock. */
interface Sleeper {
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/**
 * Those who wait for their turn, first come, first served, where the next turn may come earlier or later than it was
 * thought: one sleeps for all of them.
 */
export class WaitQueue {
  readonly #clock: Sleeper;
  readonly #take: () => number;
  readonly #waiting = new Set<() => void>();
  #isServing = false;
  #alarm = new AbortController();

  /** `take` takes a turn, if there is one now; else it gives the milliseconds until there may be one. */
  constructor(clock: Sleeper, take: () => number) {
    this.#clock = clock;
    this.#take = take;
  }

  /** Resolves when a turn has been taken; rejects with the signal's reason when it is aborted first. */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.size === 0 && this.#take() <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(go);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(go);
      void this.#serve();
    });
  }

  /** To be called where the next turn comes earlier than was thought. */
  review(): void {
    this.#alarm.abort();
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const wait = this.#take();
      if (wait > 0) {
        this.#alarm = new AbortController();
        await this.#clock.sleep(wait, this.#alarm.signal).catch(() => {});
      } else {
        this.#waiting.delete(next);
        next();
      }
    }
    this.#isServing = false;
  }
}
