import { Circuit } from '../../../base/circuit.ts';
import { RateLimiter } from '../../../http/limits/rate-limiter.ts';
import { Permits } from '../../../http/limits/permits.ts';
import type { Clock } from '../../../ports/clock.ts';

/** Signatures per second: the public log refuses more. */
const SIGNATURE_RATE = 8;
/** Concurrent signatures: a service or command that hangs, or is out of quota, receives no more than these. */
const CONCURRENCY = 16;

export interface LimiterPorts {
  readonly clock: Clock;
  /** Waiting signatures are not made once it aborts. */
  readonly stopping: AbortSignal;
}

/**
 * Limits the rate and the concurrency of signing. While every signature fails, for example because a service is down,
 * further ones fail at once with the error of the last one, except for occasional probes.
 */
export class SigningLimiter {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  readonly #permits = new Permits(CONCURRENCY);
  readonly #rate: RateLimiter;
  readonly #circuit: Circuit<Error>;

  constructor({ clock, stopping }: LimiterPorts) {
    this.#clock = clock;
    this.#stopping = stopping;
    this.#rate = new RateLimiter(clock, SIGNATURE_RATE);
    this.#circuit = new Circuit(clock);
  }

  async run<Signed>(sign: () => Promise<Signed>, signal: AbortSignal): Promise<Signed> {
    await this.#permits.take();
    try {
      await this.#wait(signal);
      return await this.#observe(sign, signal);
    } finally {
      this.#permits.release();
    }
  }

  async #observe<Signed>(sign: () => Promise<Signed>, signal: AbortSignal): Promise<Signed> {
    const startedAt = this.#circuit.start();
    try {
      const signed = await sign();
      this.#circuit.succeed();
      return signed;
    } catch (error) {
      if (!signal.aborted && error instanceof Error) this.#circuit.fail(error, startedAt);
      throw error;
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#stopping.throwIfAborted();
      const open = this.#circuit.refusal();
      if (open !== undefined) throw open.cause;
      const wait = this.#rate.wait();
      if (wait <= 0) break;
      await this.#clock.sleep(wait, signal);
    }
    this.#rate.take(1);
  }
}
