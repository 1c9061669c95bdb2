import type { RetryPolicy } from './limits-and-retries.ts';

interface BackoffClock {
  monotonic(): number;
  random(): number;
}

export interface Failure {
  /** HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  /** Milliseconds of `Retry-After`. */
  readonly retryAfter: number | undefined;
}

export const NO_ANSWER: Failure = { status: undefined, retryAfter: undefined };

/** The delays between the attempts of one operation. */
export class Backoff {
  readonly #clock: BackoffClock;
  readonly #policy: RetryPolicy;
  /** Monotonic milliseconds of the first refusal: the first attempt may have waited long for its turn. */
  #refusedAt: number | undefined;
  #failedAt: number | undefined;
  #attempts = 0;
  #failures = 0;

  constructor(clock: BackoffClock, policy: RetryPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Milliseconds before the next attempt: exponential, with jitter of one half, never less than `Retry-After`. Undefined
   * after the last attempt. `outage` may differ from that of the policy.
   */
  delayAfter(failure: Failure, outage = this.#policy.outage): number | undefined {
    const { patience, firstDelay, maxDelay, maxRefusalDelay, longestWait } = this.#policy;
    const { retryAfter = 0 } = failure;
    const now = this.#clock.monotonic();
    this.#attempts += 1;
    const isRefused = isRefusal(failure);
    if (isRefused) this.#refusedAt ??= now;
    else this.#countFailure(now);
    const longest = Math.min(isRefused ? maxRefusalDelay : maxDelay, firstDelay * 2 ** (this.#attempts - 1));
    const delay = Math.max(longest * (0.5 + this.#clock.random() / 2), retryAfter);
    const isOutOfPatience = isRefused && now - (this.#refusedAt ?? now) + delay > patience;
    // one long wait is granted even beyond the patience
    const isTooLong = retryAfter > longestWait || (isOutOfPatience && this.#attempts > 1);
    return this.#isExhausted(now, outage) || isTooLong ? undefined : delay;
  }

  #countFailure(now: number): void {
    this.#failures += 1;
    this.#failedAt ??= now;
  }

  #isExhausted(now: number, outage: number): boolean {
    return this.#failures >= this.#policy.attempts && now - (this.#failedAt ?? now) >= outage;
  }
}

/** A refusal for want of quota, by a host that works. */
export function isRefusal({ status, retryAfter }: Failure): boolean {
  return status === 429 || (status === 503 && retryAfter !== undefined);
}
