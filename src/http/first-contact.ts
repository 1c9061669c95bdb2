import { isAbort, messageOf } from '../base/errors.ts';
import { FIRST_CONTACT } from '../base/limits-and-retries.ts';
import { getOrMake } from '../base/maps.ts';
import type { Clock } from '../ports/clock.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse, isRead, type Send } from './request.ts';

/** Statuses of a gateway whose registry does not respond. */
const GATEWAY_FAILURES = new Set([502, 504]);

/**
 * Limits the time for a host that has never answered, so that a dead host does not delay a run. 30 s after the first
 * request every read fails for good, except for a probe every 10 s. Any response lifts the limit.
 *
 * It stands inside the rate limits, because the time in a queue is not the host's. Writes follow reads, so they have no
 * limit here.
 */
export function withFirstContact(inner: Send, { clock }: { readonly clock: Clock }): Send {
  const contacts = new Map<string, Contact>();
  return (request) => {
    const contact = getOrMake(contacts, request.url.host, () => new Contact(clock));
    return contact.isMade ? inner(request) : contact.send(request, inner);
  };
}

class Contact {
  isMade = false;
  readonly #clock: Clock;
  #since: number | undefined;
  #askedAt = 0;
  #failure: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async send(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    if (!isRead(request)) return this.#watch(request, inner);
    const limit = this.#begin();
    if (limit === undefined) throw this.#error(request);
    const onBegun = (status: number) => this.#learn(status);
    return this.#watch({ ...request, firstAnswer: { limit, onBegun } }, inner);
  }

  /** Milliseconds for the response to a request that is sent now; undefined if it must not be sent. */
  #begin(): number | undefined {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    const isProbe = this.#isOver();
    if (isProbe && now - this.#askedAt < FIRST_CONTACT.probeInterval) return undefined;
    this.#askedAt = now;
    const { probeInterval, minAttempt, attempts, limit } = FIRST_CONTACT;
    return isProbe ? probeInterval : Math.max(minAttempt, (this.#since + limit - now) / attempts);
  }

  async #watch(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    try {
      const response = await inner(request);
      this.#learn(response.status);
      return response;
    } catch (error) {
      if (request.signal.aborted || isAbort(error, request.signal)) throw error;
      if (error instanceof RegistryError && error.status !== undefined) throw error;
      this.#failure = messageOf(error);
      this.#askedAt = this.#clock.monotonic();
      throw !this.isMade && isRead(request) && this.#isOver() ? this.#error(request) : error;
    }
  }

  #learn(status: number): void {
    if (GATEWAY_FAILURES.has(status)) this.#failure = `status ${status}`;
    else this.isMade = true;
  }

  #error(request: HttpRequest): RegistryError {
    const { host } = request.url;
    const message = `${host} has not answered within ${FIRST_CONTACT.limit / 1000} s: ${String(this.#failure)}`;
    const fault = { kind: 'unreachable', host: request.host, message } as const;
    return new RegistryError('unreachable', `${describeRequest(request)}: ${message}`, { fault });
  }

  /** Only after a failure: an answer may be on its way. */
  #isOver(): boolean {
    const waited = this.#clock.monotonic() - (this.#since ?? this.#clock.monotonic());
    return this.#failure !== undefined && waited >= FIRST_CONTACT.limit;
  }
}
