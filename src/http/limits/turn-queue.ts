import { RATE_LIMITER } from '../../base/limits-and-retries.ts';
import { getOrMake } from '../../base/maps.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** The share of a request in one rate. */
export interface Limit {
  readonly limiter: RateLimiter;
  /** A write with a precondition is two. */
  readonly requests: number;
}

export interface Turn {
  /** Requests of one line have the same limits, and are served in their order. */
  readonly line: string;
  readonly limits: readonly Limit[];
  /** True to be served before others: a request with a slot waits for this one. */
  readonly isUrgent: boolean;
}

interface Waiting extends Turn {
  readonly arrival: number;
  readonly go: () => void;
}

/**
 * The queue of all requests that wait for a rate. A turn is taken in all its rates at once, so none of them is used up by a
 * request that waits for another. Of the requests that may be sent, the one that has waited longest is next.
 */
export class TurnQueue {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #lines = new Map<string, Set<Waiting>>();
  #arrivals = 0;
  #isServing = false;
  #timer = new AbortController();

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  /** Takes a turn: at once if it may, else when the promise resolves. Throws or rejects with the signal's reason. */
  take(turn: Turn, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted();
    const line = this.#lines.get(turn.line);
    if ((line === undefined || line.size === 0) && waitOf(turn) <= 0) return takeNow(turn);
    return this.#wait(turn, signal);
  }

  #wait(turn: Turn, signal: AbortSignal): Promise<void> {
    const line = getOrMake(this.#lines, turn.line, () => new Set());
    return new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        line.delete(waiting);
        resolve();
      };
      const leave = () => {
        line.delete(waiting);
        reject(signal.reason);
      };
      this.#arrivals += 1;
      const waiting = { ...turn, arrival: this.#arrivals, go };
      signal.addEventListener('abort', leave, { once: true });
      line.add(waiting);
      if (line.size === 1) this.review();
      void this.#serve();
    });
  }

  /** Looks for the next turn again: it may have moved forward. */
  review(): void {
    this.#timer.abort();
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (typeof next === 'number') {
        this.#timer = new AbortController();
        await this.#clock.sleep(Math.max(next, RATE_LIMITER.minWait), this.#timer.signal).catch(() => {});
      } else {
        takeNow(next);
        next.go();
      }
    }
    this.#isServing = false;
  }

  /** The next request to send, or the milliseconds until there may be one; undefined if none waits. */
  #next(): Waiting | number | undefined {
    let first: Waiting | undefined;
    let shortest: number | undefined;
    for (const line of this.#lines.values()) {
      const [head] = line;
      if (head === undefined) continue;
      const wait = waitOf(head);
      if (wait > 0) shortest = Math.min(shortest ?? wait, wait);
      else if (first === undefined || isBefore(head, first)) first = head;
    }
    return first ?? shortest;
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.isUrgent === other.isUrgent ? one.arrival < other.arrival : one.isUrgent;
}

function waitOf({ limits }: Turn): number {
  let longest = Number.NEGATIVE_INFINITY;
  for (const { limiter } of limits) longest = Math.max(longest, limiter.wait());
  return longest;
}

function takeNow({ limits }: Turn): undefined {
  for (const { limiter, requests } of limits) limiter.take(requests);
}
