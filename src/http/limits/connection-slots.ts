import pLimit, { type LimitFunction } from 'p-limit';
import { CONNECTIONS } from '../../base/limits-and-retries.ts';
import type { Clock } from '../../ports/clock.ts';
import { LearnedLimit } from './learned-limit.ts';

/** Concurrent requests to one host, at most `most`; fewer if the host resets connections. */
export class ConnectionSlots {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #slots: LimitFunction;
  readonly #limit: LearnedLimit;
  /** Slow start: the requests in flight at the last lost connection, and one more with each answer. */
  #opened: number;
  #inFlight = 0;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#opened = Math.min(most, CONNECTIONS.first);
    this.#limit = new LearnedLimit({ ceiling: most, leastTime: 0, tolerance: 0 });
    this.#slots = pLimit(this.#opened);
  }

  /** Runs a task in a slot. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#adapt();
    return this.#slots(task);
  }

  /** Sends a request within a slot; `isLost` recognises the error of a lost connection. */
  async send<T>(send: () => Promise<T>, isLost: (error: unknown) => boolean): Promise<T> {
    const sentAt = this.#clock.monotonic();
    this.#inFlight += 1;
    try {
      const sent = await send();
      this.#inFlight -= 1;
      this.#succeed(sentAt);
      return sent;
    } catch (error) {
      this.#inFlight -= 1;
      if (isLost(error) && this.#clock.monotonic() - sentAt < CONNECTIONS.resetTime) this.#fail(sentAt);
      throw error;
    }
  }

  #succeed(sentAt: number): void {
    this.#opened = Math.min(this.#most, this.#opened + 1);
    this.#limit.succeed(sentAt);
    this.#adapt();
  }

  #fail(sentAt: number): void {
    const sustained = Math.max(1, this.#inFlight);
    this.#opened = Math.min(this.#opened, sustained);
    this.#limit.fail(sentAt, { now: this.#clock.monotonic(), sustained });
    this.#adapt();
  }

  #adapt(): void {
    const limit = Math.min(this.#opened, this.#limit.at(this.#clock.monotonic()));
    this.#slots.concurrency = Math.max(1, Math.round(limit));
  }
}
