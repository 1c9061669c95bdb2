import { SingleFlight } from '../../../base/single-flight.ts';
import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import type { HttpRequest, HttpResponse, Send } from '../../../http/request.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { throwResponseError } from '../api/response-error.ts';
import { type Challenge, parseChallenge } from './challenge.ts';

/** Failures of `/v2/` before a host counts as one without a challenge. */
const MAX_FAILURES = 4;

/**
 * The challenges of hosts at `/v2/`, each requested once: some answer 404 or 403 for hidden content, without a
 * challenge, and have it only there.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export class ApiChallenges {
  readonly #send: Send;
  readonly #challenges = new SingleFlight<string, Challenge | undefined>();
  readonly #failures = new Map<string, number>();

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * The challenge of the host of a request, if it has one. Throws `RegistryError` without an answer: the request has to
   * be repeated.
   */
  of({ host, repository, signal }: HttpRequest, origin: string): Promise<Challenge | undefined> {
    return this.#challenges.run(host, async () => {
      const url = new URL(`${origin}/v2/`);
      const ping = { method: 'GET', url, host, repository, headers: {}, scopes: [], signal } as const;
      const response = await this.#ping(ping);
      // the target of a redirect is no statement about this host
      const isChallenged = response?.status === 401 && response.url.origin === origin;
      return isChallenged ? parseChallenge(response.headers['www-authenticate']) : undefined;
    });
  }

  async #ping(ping: HttpRequest): Promise<HttpResponse | undefined> {
    try {
      const response = await this.#send(ping);
      return isTemporaryStatus(response.status) ? throwResponseError(ping, response) : response;
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.temporary) throw error;
      const failures = (this.#failures.get(ping.host) ?? 0) + 1;
      this.#failures.set(ping.host, failures);
      if (failures < MAX_FAILURES) throw error;
      return undefined;
    }
  }
}
