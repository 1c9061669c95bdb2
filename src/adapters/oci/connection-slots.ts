import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import { LearnedLimit } from './learned-limit.ts';

/** Requests at a time to a host that has not answered yet; one more with each good answer. */
const FIRST = 8;

/** Requests at a time to a host; as many as it bears, learned from the connections that it does not keep. */
export class ConnectionSlots {
  readonly #clock: Clock;
  readonly #slots: LimitFunction;
  readonly #limit: LearnedLimit;
  readonly #most: number;
  #opened: number;
  #inFlight = 0;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#limit = new LearnedLimit(most, 0);
    this.#opened = Math.min(most, FIRST);
    this.#slots = pLimit(this.#opened);
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#adapt();
    return this.#slots(task);
  }

  begin(): number {
    this.#inFlight += 1;
    return this.#clock.monotonic();
  }
  end(): void {
    this.#inFlight -= 1;
  }

  succeed(sentAt: number): void {
    this.#opened = Math.min(this.#most, this.#opened + 1);
    this.#limit.succeed(sentAt);
    this.#adapt();
  }

  /** inFlight: without the one that failed */
  fail(sentAt: number): void {
    this.#opened = Math.max(1, Math.min(this.#opened, this.#inFlight));
    this.#limit.fail(sentAt, { now: this.#clock.monotonic(), borne: Math.max(1, this.#inFlight) });
    this.#adapt();
  }

  get size() {
    return this.#slots.concurrency;
  }

  #adapt(): void {
    const limit = Math.min(this.#opened, this.#limit.at(this.#clock.monotonic()));
    this.#slots.concurrency = Math.max(1, Math.round(limit));
  }
}
