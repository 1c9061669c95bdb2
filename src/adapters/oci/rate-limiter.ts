import type { Clock } from '../../ports/clock.ts';
import { LearnedLimit } from './learned-limit.ts';

/** Milliseconds of requests that may go at once after a time without any. */
const BURST = 500;
/** Milliseconds over which accepted requests are measured. */
const WINDOW = 1000;
const SHORT = 1000;
const SLOWEST = 0.5;
const MEMORY = 16;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;
const LONG_BLOCK = 5000;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: LearnedLimit;
  readonly #queue: { readonly go: () => void }[] = [];
  #isReleasing = false;
  #isQuota = false;
  #alarm = new AbortController();
  /** When the next request may go. */
  #next = Number.NEGATIVE_INFINITY;
  /** Of the last answers, the part that was refused. */
  #refusedPart = 0.3;
  #blockedAt: number | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #window: Window = { begun: Number.POSITIVE_INFINITY, accepted: 0 };
  #cycle = { begun: Number.NEGATIVE_INFINITY, accepted: 0 };

  constructor(clock: Clock, ceiling: number) {
    this.#clock = clock;
    this.#limit = new LearnedLimit(ceiling, 1000);
  }

  get rate(): number {
    return Math.max(SLOWEST, this.#limit.at(this.#clock.monotonic()));
  }

  async turn(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    if (this.#queue.length === 0 && this.#wait() <= 0) return this.#take();
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queue.push(waiter);
      void this.#release();
    });
    return this.#clock.monotonic();
  }

  isBlockedSince(time: number): boolean {
    return this.#blockedAt !== undefined && this.#blockedAt > time;
  }

  accept(sentAt: number): void {
    this.#refusedPart -= this.#refusedPart / MEMORY;
    this.#cycle.accepted += 1;
    this.#measure();
    this.#limit.succeed(sentAt);
    if (this.#blockedAt !== undefined && sentAt > this.#blockedAt) this.#unblock();
  }

  refuse(
    sentAt: number,
    { retryAfter, isQuota }: { retryAfter: number | undefined; isQuota: boolean },
  ): void {
    const now = this.#clock.monotonic();
    this.#refusedPart += (1 - this.#refusedPart) / MEMORY;
    if (this.#blockedAt === undefined && this.#limit.fail(sentAt, { now, borne: this.#borne() }))
      this.#window = { begun: now, accepted: 0 };
    if (this.#refusedPart <= 0.5 || (!isQuota && retryAfter === undefined)) return;
    if (this.#blockedAt === undefined) {
      this.#blockedAt = now;
      if (Number.isFinite(this.rate)) this.#limit.lowerTo(this.#borne(), now);
    }
    this.#isQuota = isQuota;
    const own =
      Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, (now - this.#blockedAt) / 8)) *
      (0.5 + this.#clock.random() / 2);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + (retryAfter || own));
  }

  #unblock(): void {
    const now = this.#clock.monotonic();
    const { begun, accepted } = this.#cycle;
    const borne = Math.max((accepted * 1000) / (now - begun), this.#borne());
    if (this.#isQuota && accepted >= 20) this.#limit.lowerTo(borne, now);
    else if (this.#isQuota && !Number.isFinite(this.rate)) this.#limit.restart(borne, now);
    this.#cycle = { begun: now, accepted: 0 };
    this.#blockedAt = undefined;
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    this.#refusedPart = 0.3;
    this.#alarm.abort();
  }

  async #release(): Promise<void> {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    while (this.#queue.length > 0) {
      const wait = this.#wait();
      if (wait > 0) {
        this.#alarm = new AbortController();
        await this.#clock.sleep(wait, this.#alarm.signal).catch(() => {});
      } else {
        this.#take();
        this.#queue.shift()?.go();
      }
    }
    this.#isReleasing = false;
  }

  /** Milliseconds until the next request may go. */
  #wait(): number {
    return Math.max(this.#next, this.#pausedUntil) - this.#clock.monotonic();
  }

  #take(): number {
    const now = this.#clock.monotonic();
    if (!Number.isFinite(this.#cycle.begun)) this.#cycle.begun = now;
    this.#next = Math.max(this.#next, now - BURST) + 1000 / this.rate;
    if (this.#blockedAt !== undefined)
      this.#pausedUntil = now + Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, (now - this.#blockedAt) / 8));
    return now;
  }

  /** Requests per second that were accepted of late. */
  #borne(): number {
    const { begun, accepted, before } = this.#window;
    const elapsed = this.#clock.monotonic() - (before?.begun ?? begun);
    const measured = ((accepted + (before?.accepted ?? 0)) * 1000) / Math.max(elapsed, SHORT);
    return Math.max(measured, (this.#limit.learned ?? 0) / 2);
  }

  #measure(): void {
    const now = this.#clock.monotonic();
    if (!Number.isFinite(this.#window.begun)) this.#window = { begun: now, accepted: 0 };
    this.#window.accepted += 1;
    const { begun, accepted } = this.#window;
    if (now - begun < WINDOW || accepted < 10) return;
    this.#window = { begun: now, accepted: 0, before: { begun, accepted } };
  }
}

interface Window {
  readonly begun: number;
  accepted: number;
  readonly before?: { readonly begun: number; readonly accepted: number } | undefined;
}
