import type { Clock } from '../../ports/clock.ts';
import type { Budget } from './budget.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { RateLimiter } from './rate-limiter.ts';

/** What one host bears: requests and writes per second, and requests at a time; all of it learned from its answers. */
export class HostLimits {
  readonly requests: RateLimiter;
  readonly writes: RateLimiter;
  readonly slots: ConnectionSlots;
  /** For what another request waits for while it has a slot: it needs one of its own, or both would wait for ever. */
  readonly nestedSlots: ConnectionSlots;

  constructor(clock: Clock, { budget, slots }: { budget: Budget; slots: number }) {
    this.requests = new RateLimiter(clock, budget.requests);
    this.writes = new RateLimiter(clock, budget.writes);
    this.slots = new ConnectionSlots(clock, slots);
    this.nestedSlots = new ConnectionSlots(clock, slots);
  }
}
