import { RATE_LIMITER } from '../../base/limits-and-retries.ts';
import type { Clock } from '../../ports/clock.ts';
import { LearnedLimit } from './learned-limit.ts';

export interface Refusal {
  /** Milliseconds of `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** True for 429, false for 503. */
  readonly isQuota: boolean;
}

interface Pause {
  readonly since: number;
  isQuota: boolean;
}

interface Cycle {
  readonly begun: number;
  accepted: number;
}

/**
 * A rate limiter below a ceiling, which may be infinite. It learns the rate that a host sustains.
 *
 * A refusal among accepted requests delays only its own request; `LearnedLimit` decides whether it lowers the rate. If
 * the host refuses most requests, it is paused: one probe at a time, after `Retry-After`, until one is accepted.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: LearnedLimit;
  readonly #accepted = new AcceptedRate();
  /** Monotonic milliseconds of the next turn. */
  #next = Number.NEGATIVE_INFINITY;
  #refusedShare = RATE_LIMITER.firstShare;
  #pause: Pause | undefined;
  #nextProbe = Number.NEGATIVE_INFINITY;
  /** Since the last pause began to end: with the next pause, the long-term rate of the host. */
  #cycle: Cycle | undefined;

  /** `ceiling` is in requests per second. */
  constructor(clock: Clock, ceiling: number) {
    this.#clock = clock;
    this.#limit = new LearnedLimit({
      ceiling,
      leastTime: RATE_LIMITER.minTrial,
      tolerance: RATE_LIMITER.tolerance,
    });
  }

  /** Requests per second. */
  get rate(): number {
    return Math.max(RATE_LIMITER.minRate, this.#limit.at(this.#clock.monotonic()));
  }

  /** Milliseconds until the next request may be sent; 0 or less if it may be sent now. */
  wait(): number {
    if (this.#isUnlimited) return 0;
    return Math.max(this.#next, this.#nextProbe) - this.#clock.monotonic();
  }

  /** Counts so many requests as sent. */
  take(requests: number): void {
    if (this.#isUnlimited) return;
    const now = this.#clock.monotonic();
    this.#next = Math.max(this.#next, now - RATE_LIMITER.burst) + (1000 * requests) / this.rate;
    if (this.#pause !== undefined) this.#nextProbe = now + this.#probeInterval(this.#pause.since, now);
  }

  /** Returns true if the host was paused after `time`: a turn taken before is void. */
  isPausedSince(time: number): boolean {
    return this.#pause !== undefined && this.#pause.since > time;
  }

  /** Records that so many requests sent at `sentAt` were not refused. Returns true if that ends a pause. */
  accept(sentAt: number, requests: number): boolean {
    const now = this.#clock.monotonic();
    for (let request = 0; request < requests; request++) {
      this.#refusedShare -= this.#refusedShare / RATE_LIMITER.recentAnswers;
      this.#accepted.add(now);
      this.#limit.succeed(sentAt);
    }
    this.#cycle ??= { begun: sentAt, accepted: 0 };
    this.#cycle.accepted += requests;
    if (this.#pause === undefined || sentAt <= this.#pause.since) return false;
    this.#resume(this.#pause, this.#cycle, now);
    return true;
  }

  /** Records a refusal of a request sent at `sentAt`. */
  refuse(sentAt: number, refusal: Refusal): void {
    const now = this.#clock.monotonic();
    this.#refusedShare += (1 - this.#refusedShare) / RATE_LIMITER.recentAnswers;
    // a server that is unavailable and names no time may accept the next request
    const mayPause = refusal.isQuota || refusal.retryAfter !== undefined;
    if (mayPause && this.#refusedShare > RATE_LIMITER.pauseShare) this.#extendPause(refusal, now);
    else if (this.#limit.fail(sentAt, { now, sustained: this.#sustained(now) })) this.#accepted.restart(now);
  }

  get #isUnlimited(): boolean {
    return this.#pause === undefined && this.#limit.isUnlimited;
  }

  #extendPause({ retryAfter, isQuota }: Refusal, now: number): void {
    if (this.#pause === undefined && Number.isFinite(this.rate))
      this.#limit.lowerTo(this.#sustained(now), now);
    this.#pause ??= { since: now, isQuota };
    this.#pause.isQuota = isQuota;
    const jittered = this.#probeInterval(this.#pause.since, now) * (0.5 + this.#clock.random() / 2);
    this.#nextProbe = Math.max(this.#nextProbe, now + (retryAfter || jittered));
  }

  #resume({ isQuota }: Pause, { begun, accepted }: Cycle, now: number): void {
    if (isQuota) {
      const sustained = Math.max((accepted * 1000) / (now - begun), this.#sustained(now));
      if (accepted >= RATE_LIMITER.enoughAccepted) this.#limit.lowerTo(sustained, now);
      else if (!Number.isFinite(this.rate)) this.#limit.growFrom(sustained, now);
    }
    this.#cycle = { begun: now, accepted: 0 };
    this.#pause = undefined;
    this.#refusedShare = RATE_LIMITER.firstShare;
    this.#nextProbe = Number.NEGATIVE_INFINITY;
    this.#next = now;
  }

  #probeInterval(since: number, now: number): number {
    return Math.min(
      RATE_LIMITER.maxProbeInterval,
      Math.max(RATE_LIMITER.minProbeInterval, (now - since) * RATE_LIMITER.probeShare),
    );
  }

  /** The accepted rate, at least half of the known one: another client may flood the host for a moment. */
  #sustained(now: number): number {
    return Math.max(this.#accepted.at(now), (this.#limit.sustained ?? 0) / 2);
  }
}

interface RateWindow {
  readonly begun: number;
  accepted: number;
}

/** Accepted requests per second, over the present window and the one before. Times are monotonic milliseconds. */
class AcceptedRate {
  #previous: RateWindow | undefined;
  #present: RateWindow | undefined;

  add(now: number): void {
    this.#present ??= { begun: now, accepted: 0 };
    this.#present.accepted += 1;
    const { begun, accepted } = this.#present;
    if (now - begun < RATE_LIMITER.minWindow || accepted < RATE_LIMITER.minWindowAccepted) return;
    this.#previous = this.#present;
    this.#present = { begun: now, accepted: 0 };
  }

  at(now: number): number {
    if (this.#present === undefined) return 0;
    const accepted = this.#present.accepted + (this.#previous?.accepted ?? 0);
    const elapsed = now - (this.#previous ?? this.#present).begun;
    return (accepted * 1000) / Math.max(elapsed, RATE_LIMITER.minWindow);
  }

  restart(now: number): void {
    this.#previous = undefined;
    this.#present = { begun: now, accepted: 0 };
  }
}
