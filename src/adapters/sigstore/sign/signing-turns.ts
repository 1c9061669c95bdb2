import { Circuit } from '../../../base/circuit.ts';
import { RateLimiter } from '../../../http/limits/rate-limiter.ts';
import { Permits } from '../../../http/limits/permits.ts';
import type { Clock } from '../../../ports/clock.ts';

/** Signatures per second: the public log refuses more. */
const SIGNATURE_RATE = 8;
/** Signatures at a time: services and commands that hang or refuse for want of quota are spared the others. */
const AT_A_TIME = 16;

export interface TurnPorts {
  readonly clock: Clock;
  /** Signatures that wait for their turn are not made once it aborts. */
  readonly stopping: AbortSignal;
}

/**
 * Makes signatures within the rate limit of the log. While every signature fails, such as by a service that is down,
 * further ones fail at once with the error of the last one, except for occasional probes.
 */
export class SigningTurns {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  readonly #permits = new Permits(AT_A_TIME);
  readonly #limiter: RateLimiter;
  readonly #circuit: Circuit<Error>;

  constructor({ clock, stopping }: TurnPorts) {
    this.#clock = clock;
    this.#stopping = stopping;
    this.#limiter = new RateLimiter(clock, SIGNATURE_RATE);
    this.#circuit = new Circuit(clock);
  }

  async run<Signed>(sign: () => Promise<Signed>, signal: AbortSignal): Promise<Signed> {
    await this.#permits.take();
    try {
      await this.#wait(signal);
      return await this.#watch(sign, signal);
    } finally {
      this.#permits.release();
    }
  }

  async #watch<Signed>(sign: () => Promise<Signed>, signal: AbortSignal): Promise<Signed> {
    const begunAt = this.#circuit.begin();
    try {
      const signed = await sign();
      this.#circuit.succeed();
      return signed;
    } catch (error) {
      if (!signal.aborted && error instanceof Error) this.#circuit.fail(error, begunAt);
      throw error;
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#stopping.throwIfAborted();
      const open = this.#circuit.refusal();
      if (open !== undefined) throw open.cause;
      const wait = this.#limiter.wait();
      if (wait <= 0) break;
      await this.#clock.sleep(wait, signal);
    }
    this.#limiter.take(1);
  }
}
