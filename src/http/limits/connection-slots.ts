import { CONNECTIONS } from '../../base/limits-and-retries.ts';
import type { Clock } from '../../ports/clock.ts';
import { isLostConnection } from '../retry-classifier.ts';
import { LearnedLimit } from './learned-limit.ts';
import { Permits } from './permits.ts';

export interface SlotLimits {
  /** Slots of a host. */
  readonly most: number;
  /** The same while some of the threads are free for other hosts. */
  readonly mostAlone: number;
  /** The threads of all hosts together, in which these slots are used. */
  readonly threads: Permits;
}

/** Concurrent requests to one host; fewer if the host resets connections. */
export class ConnectionSlots {
  readonly #clock: Clock;
  readonly #limits: SlotLimits;
  readonly #permits: Permits;
  readonly #limit: LearnedLimit;
  /** Slow start: the requests in flight at the last lost connection, and one more with each answer. */
  #opened: number;
  #inFlight = 0;

  constructor(clock: Clock, limits: SlotLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#opened = Math.min(limits.most, CONNECTIONS.first);
    this.#limit = new LearnedLimit({ ceiling: Infinity, leastTime: 0, tolerance: 0 });
    this.#permits = new Permits(this.#opened);
  }

  /** Takes a slot: at once if one is free, else when the promise resolves. */
  take(): Promise<void> | undefined {
    this.#adapt();
    return this.#permits.take();
  }

  release(): void {
    this.#permits.release();
  }

  /** A request whose slot has been taken is sent. One of the next two follows. */
  begin(): void {
    this.#inFlight += 1;
  }

  succeed(sentAt: number): void {
    this.#inFlight -= 1;
    this.#limit.succeed(sentAt);
    this.#opened = Math.min(this.#limits.mostAlone, this.#opened + 1);
    this.#adapt();
  }

  fail(sentAt: number, error: unknown): void {
    this.#inFlight -= 1;
    if (!isLostConnection(error) || this.#clock.monotonic() - sentAt >= CONNECTIONS.resetTime) return;
    const sustained = Math.max(1, this.#inFlight);
    this.#opened = Math.min(this.#opened, sustained);
    this.#limit.fail(sentAt, { now: this.#clock.monotonic(), sustained });
    this.#adapt();
  }

  #adapt(): void {
    const limit = Math.min(this.#opened, this.#most(), this.#limit.at(this.#clock.monotonic()));
    this.#permits.limit = Math.max(1, Math.round(limit));
  }

  #most(): number {
    const { most, mostAlone, threads } = this.#limits;
    const alone = this.#permits.taken + threads.free - CONNECTIONS.spareThreads;
    return Math.max(most, Math.min(mostAlone, alone));
  }
}
