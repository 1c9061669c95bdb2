import type { Clock } from '../../ports/clock.ts';

/** Milliseconds of requests that may go at once after a time without any. */
const BURST = 500;
/** Milliseconds of the first pause when a server does not say how long; it doubles. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** Requests per second that are always tried. */
const SLOWEST = 0.5;
/** Requests per second that are taken to be what was refused before there was time to measure. */
const ASSUMED = 20;
/** Of the rate that was refused: up to here, and again from there on, growth is quick. */
const SAFE = 0.9;
const SURPASSED = 1.1;
/** What the rate grows by each second, as a part of it. */
const QUICK = 0.1;
const SLOW = 0.005;
/** Milliseconds over which the rate is measured that a server without a known limit bears. */
const WINDOW = 1000;

/**
 * Spaces requests evenly, below a ceiling that may be infinite. A refusal halves the rate and stops everything for as
 * long as the server asks; good answers let it grow again, slowly where it has been refused before.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #ceiling: number;
  #rate: number;
  #refused = Number.POSITIVE_INFINITY;
  /** When the next request may go. */
  #next = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #refusedAt = Number.NEGATIVE_INFINITY;
  /** Refusals since the last good answer. */
  #inARow = 0;
  #window = { since: Number.NEGATIVE_INFINITY, answers: 0, rate: 0 };

  /** `ceiling` is in requests per second. */
  constructor(clock: Clock, ceiling: number) {
    this.#clock = clock;
    this.#ceiling = ceiling;
    this.#rate = ceiling;
  }

  /** Requests per second. */
  get rate(): number {
    return this.#rate;
  }

  /** Resolves when it is this request's turn. */
  async turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.monotonic();
      const at = Math.max(this.#next, now - BURST, this.#pausedUntil);
      this.#next = at + 1000 / this.#rate;
      if (at > now) await this.#clock.sleep(at - now, signal);
      if (!this.isPaused()) return;
    }
  }

  /** True while a server has asked for quiet: whoever had a turn before waits for another one. */
  isPaused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntil;
  }

  /** A good answer. */
  accept(): void {
    this.#inARow = 0;
    this.#measure();
    const isNear = this.#rate > this.#refused * SAFE && this.#rate < this.#refused * SURPASSED;
    this.#rate = Math.min(this.#ceiling, this.#rate + (isNear ? SLOW : QUICK)); // there are as many answers in a second
  }

  /**
   * A refusal of a request that was sent at `sentAt`, with the milliseconds that the server asks to wait. Refusals of
   * what was on its way when the rate was lowered say nothing new; those that come before any good answer say that the
   * pause was too short, not that the rate was too high.
   */
  refuse(sentAt: number, retryAfter: number | undefined): void {
    const now = this.#clock.monotonic();
    if (retryAfter !== undefined) this.#pauseUntil(now + retryAfter);
    if (sentAt <= this.#refusedAt) return;
    this.#refusedAt = now;
    if (this.#inARow === 0) this.#halve();
    this.#inARow += 1;
    const own = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#inARow - 1));
    if (retryAfter === undefined) this.#pauseUntil(now + own * (0.5 + this.#clock.random() / 2));
  }

  #halve(): void {
    this.#refused = Number.isFinite(this.#rate) ? this.#rate : this.#measured();
    this.#rate = Math.max(SLOWEST, this.#refused / 2);
  }

  #pauseUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time);
  }

  /** Requests per second that were answered well of late. */
  #measured(): number {
    const { since, answers, rate } = this.#window;
    const elapsed = this.#clock.monotonic() - since;
    const present = Number.isFinite(elapsed) ? (answers * 1000) / Math.max(elapsed, WINDOW) : 0;
    return Math.max(rate, present, rate > 0 ? 2 * SLOWEST : ASSUMED);
  }

  #measure(): void {
    const now = this.#clock.monotonic();
    this.#window.answers += 1;
    const elapsed = now - this.#window.since;
    if (elapsed < WINDOW) return;
    const rate = Number.isFinite(elapsed) ? (this.#window.answers * 1000) / elapsed : 0;
    this.#window = { since: now, answers: 0, rate };
  }
}
