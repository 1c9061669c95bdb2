import { WaitQueue } from '../../base/wait-queue.ts';
import type { Clock } from '../../ports/clock.ts';
import { AcceptedRate } from './accepted-rate.ts';
import { LearnedLimit } from './learned-limit.ts';

/** Milliseconds of requests that may go at once after a time without any. */
const BURST = 20;
/** Requests per second that are always sent. */
const SLOWEST = 0.5;
/** Answers that the refused part is an average of, and what it is at first. */
const RECENT = 16;
const FIRST_REFUSED_PART = 0.3;
/** Of the answers of late, refusals from which on the host takes nothing at present. */
const MOST = 0.5;
/** Milliseconds between two requests to a host that takes nothing and does not say for how long. */
const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;
/** The same as a part of the time for which it has taken nothing. */
const PAUSE_PART = 1 / 8;
/** Accepted requests that show what a host bears. */
const LEAST_ACCEPTED = 20;
/** Milliseconds. */
const LEAST_TIME = 1000;

export interface Refusal {
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
  /** True where it says that the rate is the reason, false where it is unavailable. */
  readonly isQuota: boolean;
}

/**
 * A token bucket that learns its rate: what a host accepts between its refusals, below a ceiling that may be infinite.
 *
 * A refusal among accepted requests holds up nobody but its own request; whether it lowers the rate is up to
 * `LearnedLimit`. Where most are refused, the host is asked by one request at a time, after the time that it names, until
 * one is accepted.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: LearnedLimit;
  readonly #accepted = new AcceptedRate();
  readonly #queue: WaitQueue;
  /** When the next request may go. */
  #next = Number.NEGATIVE_INFINITY;
  /** Of the answers of late. */
  #refusedPart = FIRST_REFUSED_PART;
  /** Set while the host takes nothing. */
  #blocked: { readonly since: number; isQuota: boolean } | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Requests accepted since the host took something again: with the pause that follows, what it bears over a long time. */
  #cycle: { readonly begun: number; accepted: number } | undefined;

  /** `ceiling` is in requests per second. */
  constructor(clock: Clock, ceiling: number) {
    this.#clock = clock;
    this.#limit = new LearnedLimit({ ceiling, leastTime: LEAST_TIME });
    this.#queue = new WaitQueue(clock, () => this.#take());
  }

  /** Requests per second. */
  get rate(): number {
    return Math.max(SLOWEST, this.#limit.at(this.#clock.monotonic()));
  }

  /** Resolves when it is this request's turn. */
  turn(signal: AbortSignal): Promise<void> {
    return this.#queue.turn(signal);
  }

  /** True where the host has begun to take nothing since then: who had a turn before waits for another one. */
  isBlockedSince(time: number): boolean {
    return this.#blocked !== undefined && this.#blocked.since > time;
  }

  /** An answer that is no refusal, to what was sent at `sentAt`. */
  accept(sentAt: number): void {
    const now = this.#clock.monotonic();
    this.#refusedPart -= this.#refusedPart / RECENT;
    this.#accepted.add(now);
    this.#cycle ??= { begun: sentAt, accepted: 0 };
    this.#cycle.accepted += 1;
    this.#limit.succeed(sentAt);
    if (this.#blocked !== undefined && sentAt > this.#blocked.since) this.#unblock(this.#blocked, now);
  }

  refuse(sentAt: number, refusal: Refusal): void {
    const now = this.#clock.monotonic();
    this.#refusedPart += (1 - this.#refusedPart) / RECENT;
    const isLower = this.#blocked === undefined && this.#limit.fail(sentAt, { now, borne: this.#borne(now) });
    if (isLower) this.#accepted.restart(now);
    // who is unavailable and does not say for how long may take the next request
    const isAsked = refusal.isQuota || refusal.retryAfter !== undefined;
    if (isAsked && this.#refusedPart > MOST) this.#block(refusal, now);
  }

  #block({ retryAfter, isQuota }: Refusal, now: number): void {
    if (this.#blocked === undefined && Number.isFinite(this.rate)) this.#limit.lowerTo(this.#borne(now), now);
    this.#blocked ??= { since: now, isQuota };
    this.#blocked.isQuota = isQuota;
    const own = this.#ownPause(this.#blocked.since, now) * (0.5 + this.#clock.random() / 2);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + (retryAfter || own));
  }

  #unblock({ isQuota }: { readonly isQuota: boolean }, now: number): void {
    const { begun, accepted } = this.#cycle ?? { begun: now, accepted: 0 };
    if (isQuota) {
      const borne = Math.max((accepted * 1000) / (now - begun), this.#borne(now));
      if (accepted >= LEAST_ACCEPTED) this.#limit.lowerTo(borne, now);
      else if (!Number.isFinite(this.rate)) this.#limit.growFrom(borne, now);
    }
    this.#cycle = { begun: now, accepted: 0 };
    this.#blocked = undefined;
    this.#refusedPart = FIRST_REFUSED_PART;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    this.#next = now;
    this.#queue.review();
  }

  /** Takes a turn, or gives the milliseconds until there may be one. */
  #take(): number {
    const now = this.#clock.monotonic();
    const wait = Math.max(this.#next, this.#pausedUntil) - now;
    if (wait > 0) return wait;
    this.#next = Math.max(this.#next, now - BURST) + 1000 / this.rate;
    if (this.#blocked !== undefined) this.#pausedUntil = now + this.#ownPause(this.#blocked.since, now);
    return 0;
  }

  #ownPause(since: number, now: number): number {
    return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, (now - since) * PAUSE_PART));
  }

  /** What was accepted of late; others that flood the host for a moment do not count for more than half. */
  #borne(now: number): number {
    return Math.max(this.#accepted.at(now), (this.#limit.borne ?? 0) / 2);
  }
}
