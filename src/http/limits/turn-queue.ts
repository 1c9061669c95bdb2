import type { Clock } from '../../ports/clock.ts';

/** A queue, first come first served, whose next turn may move: one timer serves all who wait. */
export class TurnQueue {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #take: () => number;
  readonly #waiting = new Set<() => void>();
  #isServing = false;
  #timer = new AbortController();

  /** `take` takes a turn and returns 0, or returns the milliseconds until the next one. */
  constructor(clock: Pick<Clock, 'sleep'>, take: () => number) {
    this.#clock = clock;
    this.#take = take;
  }

  /** Resolves when a turn is taken; rejects with the signal's reason. */
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

  /** Asks for the next turn again, now: it may have moved forward. */
  review(): void {
    this.#timer.abort();
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const wait = this.#take();
      if (wait > 0) {
        this.#timer = new AbortController();
        await this.#clock.sleep(wait, this.#timer.signal).catch(() => {});
      } else {
        this.#waiting.delete(next);
        next();
      }
    }
    this.#isServing = false;
  }
}
