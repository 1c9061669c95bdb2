import { CIRCUIT_BREAKER } from './limits-and-retries.ts';

interface CircuitClock {
  monotonic(): number;
}

/** The failures in a row that have opened a circuit, and the cause of the last one. */
export interface OpenCircuit<Cause> {
  readonly failures: number;
  readonly cause: Cause;
}

/**
 * A circuit breaker: refuses work that would most likely fail like the work before it. The circuit opens after failures in
 * a row over some time, admits a probe from time to time, and closes with the first success.
 */
export class Circuit<Cause> {
  readonly #clock: CircuitClock;
  /** Failures since the last success, the start of the first one, and the cause of the last one. */
  #failures = 0;
  #since = 0;
  #cause: Cause | undefined;
  /** The last start or failure of work. */
  #triedAt = 0;

  constructor(clock: CircuitClock) {
    this.#clock = clock;
  }

  /** Undefined if work may start: the circuit is closed, or a probe is due. */
  refusal(): OpenCircuit<Cause> | undefined {
    const isProbeDue = this.#clock.monotonic() - this.#triedAt >= CIRCUIT_BREAKER.probeInterval;
    if (!this.#isOpen() || isProbeDue || this.#cause === undefined) return undefined;
    return { failures: this.#failures, cause: this.#cause };
  }

  /** Starts work. Returns the time, for `fail`. */
  start(): number {
    return (this.#triedAt = this.#clock.monotonic());
  }

  succeed(): void {
    this.#failures = 0;
  }

  /** Counts a failure. Returns true if it opens the circuit. */
  fail(cause: Cause, startedAt: number): boolean {
    const wasOpen = this.#isOpen();
    if (this.#failures === 0) this.#since = startedAt;
    this.#failures += 1;
    this.#cause = cause;
    this.#triedAt = this.#clock.monotonic();
    return !wasOpen && this.#isOpen();
  }

  #isOpen(): boolean {
    if (this.#failures < CIRCUIT_BREAKER.failures) return false;
    return this.#clock.monotonic() - this.#since >= CIRCUIT_BREAKER.after;
  }
}
