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
 * Tells work that would fail as all work before it did. The circuit opens after failures in a row over some time, admits a
 * probe from time to time, and closes with the first success.
 */
export class Circuit<Cause> {
  readonly #clock: CircuitClock;
  /** Failures since the last success, when the first of them began, and the cause of the last. */
  #failures = 0;
  #since = 0;
  #cause: Cause | undefined;
  /** The last probe, or the last failure. */
  #askedAt = 0;

  constructor(clock: CircuitClock) {
    this.#clock = clock;
  }

  /** Undefined if work may begin: the circuit is closed, or a probe is due. */
  refusal(): OpenCircuit<Cause> | undefined {
    const isProbeDue = this.#clock.monotonic() - this.#askedAt >= CIRCUIT_BREAKER.probeInterval;
    if (!this.#isOpen() || isProbeDue || this.#cause === undefined) return undefined;
    return { failures: this.#failures, cause: this.#cause };
  }

  /** Begins work. Returns the time for `fail`. */
  begin(): number {
    return (this.#askedAt = this.#clock.monotonic());
  }

  succeed(): void {
    this.#failures = 0;
  }

  /** Counts a failure. Returns true if it opens the circuit. */
  fail(cause: Cause, begunAt: number): boolean {
    const wasOpen = this.#isOpen();
    if (this.#failures === 0) this.#since = begunAt;
    this.#failures += 1;
    this.#cause = cause;
    this.#askedAt = this.#clock.monotonic();
    return !wasOpen && this.#isOpen();
  }

  #isOpen(): boolean {
    if (this.#failures < CIRCUIT_BREAKER.failures) return false;
    return this.#clock.monotonic() - this.#since >= CIRCUIT_BREAKER.after;
  }
}
