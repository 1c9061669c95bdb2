import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import { LearnedLimit } from './learned-limit.ts';

/** Requests at a time to a host that has not answered yet; one more with each answer. */
const FIRST = 8;

/** Requests at a time to a host: as many as it bears, learned from the connections that it does not keep. */
export class ConnectionSlots {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #slots: LimitFunction;
  readonly #limit: LearnedLimit;
  /** Not more than are in flight when a connection is lost, and one more with each answer. */
  #opened: number;
  #inFlight = 0;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#opened = Math.min(most, FIRST);
    this.#limit = new LearnedLimit({ ceiling: most, leastTime: 0 });
    this.#slots = pLimit(this.#opened);
  }

  /** Runs a task in a slot. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#adapt();
    return this.#slots(task);
  }

  /** Sends something in a slot; `isLost` tells whether what it throws is a lost connection. */
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
      if (isLost(error)) this.#fail(sentAt);
      throw error;
    }
  }

  #succeed(sentAt: number): void {
    this.#opened = Math.min(this.#most, this.#opened + 1);
    this.#limit.succeed(sentAt);
    this.#adapt();
  }

  #fail(sentAt: number): void {
    const borne = Math.max(1, this.#inFlight);
    this.#opened = Math.min(this.#opened, borne);
    this.#limit.fail(sentAt, { now: this.#clock.monotonic(), borne });
    this.#adapt();
  }

  #adapt(): void {
    const limit = Math.min(this.#opened, this.#limit.at(this.#clock.monotonic()));
    this.#slots.concurrency = Math.max(1, Math.round(limit));
  }
}
