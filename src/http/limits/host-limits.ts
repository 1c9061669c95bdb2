import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import type { Budget } from './budgets.ts';
import { Pacer } from './rate-limiter.ts';

/** What one host bears: requests and writes per second, and requests at a time; all of it learned from its answers. */
export class HostBudget {
  readonly requests: Pacer;
  readonly writes: Pacer;
  readonly #slots: LimitFunction;
  readonly #mostSlots: number;
  #acceptedSince = 0;
  #narrowedAt = Number.NEGATIVE_INFINITY;
  readonly #clock: Clock;

  constructor(clock: Clock, { budget, slots }: { budget: Budget; slots: number }) {
    this.requests = new Pacer(clock, budget.requests);
    this.writes = new Pacer(clock, budget.writes);
    this.#clock = clock;
    this.#mostSlots = slots;
    this.#slots = pLimit(slots);
  }

  /** Runs a task in one of the host's slots. */
  inSlot<T>(task: () => Promise<T>): Promise<T> {
    return this.#slots(task);
  }

  /** Halves the requests at a time, unless the request that was refused was sent before they were. */
  narrow(sentAt: number): void {
    if (sentAt <= this.#narrowedAt) return;
    this.#narrowedAt = this.#clock.monotonic();
    this.#acceptedSince = 0;
    this.#slots.concurrency = Math.max(1, Math.floor(this.#slots.concurrency / 2));
  }

  /** One more at a time after as many good answers as there are now. */
  widen(): void {
    if (this.#slots.concurrency >= this.#mostSlots) return;
    this.#acceptedSince += 1;
    if (this.#acceptedSince < this.#slots.concurrency) return;
    this.#acceptedSince = 0;
    this.#slots.concurrency += 1;
  }
}
