import { SingleFlight } from '../../base/single-flight.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential } from '../../ports/keychain.ts';
import type { Environment } from './config-files.ts';
import { askCredentialHelper, HELPER_TIMEOUT } from './credential-helper.ts';
import { DockerConfigError } from './parse-docker-config.ts';

/** Milliseconds that an answer is kept: it may be a short-lived token. */
const ANSWER_LIFE = 5 * 60_000;
/** Milliseconds that a failure is kept: otherwise each request would wait for a helper that hangs. */
const FAILURE_LIFE = 10_000;

interface Answer {
  readonly credential: Credential | DockerConfigError;
  /** In milliseconds of the monotonic clock. */
  readonly staleAt: number;
}

/** The answers of credential helpers by host. Concurrent requests share a run; an old answer is renewed. */
export class HelperCache {
  readonly #env: Environment;
  readonly #clock: Clock;
  readonly #answers = new SingleFlight<string, Answer>();

  constructor(env: Environment, clock: Clock) {
    this.#env = env;
    this.#clock = clock;
  }

  /** Throws the errors of `askCredentialHelper`. */
  async ask(name: string, host: string, signal: AbortSignal): Promise<Credential> {
    const key = `${name} ${host}`;
    const known = this.#answers.get(key);
    const isStale = known !== undefined && (await known).staleAt <= this.#clock.monotonic();
    if (isStale && this.#answers.get(key) === known) this.#answers.forget(key);
    const { credential } = await this.#answers.run(key, () => this.#ask(name, host, signal));
    if (credential instanceof DockerConfigError) throw credential;
    return credential;
  }

  async #ask(name: string, host: string, signal: AbortSignal): Promise<Answer> {
    const asked = this.#clock.monotonic();
    try {
      const asking = { env: this.#env, timeout: HELPER_TIMEOUT, signal };
      const credential = await askCredentialHelper(name, host, asking);
      return { credential, staleAt: asked + ANSWER_LIFE };
    } catch (error) {
      if (!(error instanceof DockerConfigError)) throw error;
      return { credential: error, staleAt: this.#clock.monotonic() + FAILURE_LIFE };
    }
  }
}
