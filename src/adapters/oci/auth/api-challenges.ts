import { SingleFlight } from '../../../base/single-flight.ts';
import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import type { HttpRequest, HttpResponse, Send } from '../../../http/request.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { throwResponseError } from '../api/response-error.ts';
import { type Challenge, parseChallenge } from './challenge.ts';

/** How often `/v2/` may fail before a host is taken at its word without it. */
const MAX_FAILURES = 4;

/**
 * What hosts ask for at `/v2/`, asked once each: some answer 404 or 403 for content that they hide, without a challenge,
 * and have the challenge there.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export class ApiChallenges {
  readonly #send: Send;
  readonly #asked = new SingleFlight<string, Challenge | undefined>();
  readonly #failures = new Map<string, number>();

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * The challenge of the host of a request; undefined where it has none. Throws `RegistryError` where it does not
   * answer: the request has to be repeated.
   */
  of({ host, repository, signal }: HttpRequest, origin: string): Promise<Challenge | undefined> {
    return this.#asked.run(host, async () => {
      const url = new URL(`${origin}/v2/`);
      const ping = { method: 'GET', url, host, repository, headers: {}, scopes: [], signal } as const;
      const response = await this.#ask(ping);
      // what it was redirected to says nothing about this host
      const isAsked = response?.status === 401 && response.url.origin === origin;
      return isAsked ? parseChallenge(response.headers['www-authenticate']) : undefined;
    });
  }

  async #ask(ping: HttpRequest): Promise<HttpResponse | undefined> {
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
