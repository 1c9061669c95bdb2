/** How long what fails is tried again. */
export interface RetryPolicy {
  /** Attempts at least, refusals for want of quota not counted. */
  readonly attempts: number;
  /** Milliseconds from the first failure for which attempts go on, however many these are: a host may restart. */
  readonly outage: number;
  /** Milliseconds from the first refusal for which a host that refuses for want of quota is asked again. */
  readonly patience: number;
  /** Milliseconds that the first wait is at most; it doubles. */
  readonly firstDelay: number;
  /** Milliseconds that a wait of our own choice is at most. What a server asks for is not cut. */
  readonly maxDelay: number;
  /** Milliseconds: a server that asks for more is not waited for, its answer is final. */
  readonly longestWait: number;
}

/** For a request. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  outage: 30_000,
  firstDelay: 1000,
  maxDelay: 4000,
  patience: 10 * 60_000,
  longestWait: 60 * 60_000,
};

/** For a whole upload: its bytes are many, and the requests around it see an outage through. */
export const UPLOAD_RETRY: RetryPolicy = { ...DEFAULT_RETRY, outage: 0 };

/** The time that attempts take, and chance. */
interface AttemptClock {
  monotonic(): number;
  random(): number;
}

/** What came instead of success. */
export interface Failure {
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** Milliseconds that the server asked to wait. */
  readonly asked: number | undefined;
}

/** The attempts at one thing, the first of which is about to be made. */
export class Attempts {
  readonly #clock: AttemptClock;
  readonly #policy: RetryPolicy;
  /** A request may have waited for its turn for long before it was sent. */
  #refusedAt: number | undefined;
  #failedAt: number | undefined;
  #made = 0;
  #failures = 0;

  constructor(clock: AttemptClock, policy: RetryPolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Milliseconds to wait before the next attempt: longer each time, by chance half of it at least, and never less than the
   * server asks for.
   * Undefined where there is to be none.
   */
  waitAfter(failure: Failure): number | undefined {
    const { patience, firstDelay, maxDelay, longestWait } = this.#policy;
    const { asked = 0 } = failure;
    this.#made += 1;
    const isRefused = isRefusal(failure);
    if (isRefused) this.#refusedAt ??= this.#clock.monotonic();
    else this.#countFailure();
    const waited = this.#clock.monotonic() - (this.#refusedAt ?? this.#clock.monotonic());
    const isOutOfPatience = isRefused && waited + asked > patience;
    // what a server asks for is waited for, though it be long: once
    const isTooLong = asked > longestWait || (isOutOfPatience && this.#made > 1);
    if (this.#isExhausted() || isTooLong) return undefined;
    const backoff = Math.min(maxDelay, firstDelay * 2 ** (this.#made - 1));
    return Math.max(backoff * (0.5 + this.#clock.random() / 2), asked);
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

/** Of a server that is well, but was asked too often: it is waited for, and nothing is counted. */
export function isRefusal({ status, asked }: Failure): boolean {
  return status === 429 || (status === 503 && asked !== undefined);
}
