/** When a failed request is sent again. All times are in milliseconds. */
export interface RetryPolicy {
  /** Attempts, at least; refusals for want of quota do not count. */
  readonly attempts: number;
  /** Attempts continue for this time after the first failure: a host that restarts is back by then. */
  readonly outage: number;
  /** A host that refuses for want of quota is retried for this time after its first refusal. */
  readonly patience: number;
  /** The first wait, at most; it doubles. */
  readonly firstDelay: number;
  /** The longest wait after a failure, and after a refusal, unless the server asks for more. */
  readonly maxDelay: number;
  readonly maxRefusalDelay: number;
  /** The longest wait that a server may ask for; beyond, its answer is final. */
  readonly longestWait: number;
}

/** For a request. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  outage: 30_000,
  firstDelay: 1000,
  maxDelay: 4000,
  maxRefusalDelay: 15_000,
  patience: 10 * 60_000,
  longestWait: 60 * 60_000,
};

/** For a whole upload: it costs many bytes, and the requests within it already wait for the end of an outage. */
export const UPLOAD_RETRY: RetryPolicy = { ...DEFAULT_RETRY, outage: 0 };

interface AttemptClock {
  monotonic(): number;
  random(): number;
}

export interface Failure {
  /** HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  /** Milliseconds of `Retry-After`. */
  readonly asked: number | undefined;
}

/** The attempts of one operation. */
export class Attempts {
  readonly #clock: AttemptClock;
  readonly #policy: RetryPolicy;
  /** Of the first refusal, not of the first attempt: that may have waited long for its turn. */
  #refusedAt: number | undefined;
  #failedAt: number | undefined;
  #made = 0;
  #failures = 0;

  constructor(clock: AttemptClock, policy: RetryPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Milliseconds before the next attempt: exponential backoff with jitter of one half, never less than the server asks
   * for. Undefined if there is no next attempt.
   */
  waitAfter(failure: Failure): number | undefined {
    const { patience, firstDelay, maxDelay, maxRefusalDelay, longestWait } = this.#policy;
    const { asked = 0 } = failure;
    this.#made += 1;
    const isRefused = isRefusal(failure);
    if (isRefused) this.#refusedAt ??= this.#clock.monotonic();
    else this.#countFailure();
    const backoff = Math.min(isRefused ? maxRefusalDelay : maxDelay, firstDelay * 2 ** (this.#made - 1));
    const wait = Math.max(backoff * (0.5 + this.#clock.random() / 2), asked);
    const waited = this.#clock.monotonic() - (this.#refusedAt ?? this.#clock.monotonic());
    const isOutOfPatience = isRefused && waited + wait > patience;
    // one long wait is granted even beyond the patience
    const isTooLong = asked > longestWait || (isOutOfPatience && this.#made > 1);
    return this.#isExhausted() || isTooLong ? undefined : wait;
  }

  #countFailure(): void {
    this.#failures += 1;
    this.#failedAt ??= this.#clock.monotonic();
  }

  #isExhausted(): boolean {
    const { attempts, outage } = this.#policy;
    const since = this.#clock.monotonic() - (this.#failedAt ?? this.#clock.monotonic());
    return this.#failures >= attempts && since >= outage;
  }
}

/** A refusal for want of quota, by a host that works. */
export function isRefusal({ status, asked }: Failure): boolean {
  return status === 429 || (status === 503 && asked !== undefined);
}
