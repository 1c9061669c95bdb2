import pLimit, { type LimitFunction } from 'p-limit';
import { getOrMake } from '../../base/maps.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import { type HttpRequest, type HttpResponse, isRead, type Send } from '../request.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { isLostConnection } from '../retry-classifier.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { RateLimiter } from './rate-limiter.ts';
import { rateLimitOf, type RateLimits, userRateLimitOf } from './rate-limits.ts';
import { type Turn, TurnQueue } from './turn-queue.ts';

export interface RateLimitOptions {
  /** Requests at a time, all hosts together. */
  readonly threads: number;
  /** Requests at a time to one host. */
  readonly perHost: number;
  readonly rateLimits: RateLimits;
  readonly clock: Clock;
  /** Identities, for hosts that limit each identity. */
  readonly keychain: Keychain;
}

/**
 * Keeps requests within the limits of hosts and identities: requests and writes per second, and concurrent requests.
 * Unknown limits are learned from refusals (429, 503) and lost connections.
 *
 * A request waits for its host first, so a slow or throttled host does not hold a slot that others could use. A token is
 * requested, and a precondition read, within the slot of its request; a precondition takes a turn of its own. The read
 * of a blob that is the body of a write has slots of its own, because both would otherwise wait for each other. It
 * gives its slot back when the answer begins: the reader of its body may wait for a slot too.
 */
export function withRateLimits(inner: Send, options: RateLimitOptions): Send {
  const limits = new RequestLimiter(options);
  return (request) => limits.send(request, inner);
}

interface HostLimits {
  readonly requests: RateLimiter;
  readonly writes: RateLimiter;
  readonly slots: ConnectionSlots;
  /** For `slot: 'none'`. */
  readonly bodySlots: ConnectionSlots;
}

interface User {
  readonly name: string;
  readonly limiter: RateLimiter;
}

/** The limits of one request. */
interface RequestLimits {
  readonly host: HostLimits;
  /** The narrowest limiter of the host for this request. */
  readonly ofHost: RateLimiter;
  readonly ofUser: RateLimiter | undefined;
  readonly turn: Turn;
}

class RequestLimiter {
  readonly #options: RateLimitOptions;
  readonly #hosts = new Map<string, HostLimits>();
  readonly #users = new Map<string, User>();
  readonly #queue: TurnQueue;
  readonly #slots: LimitFunction;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#slots = pLimit(options.threads);
    this.#queue = new TurnQueue(options.clock);
  }

  async send(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    const limits = await this.#limitsOf(request);
    const { turn } = limits;
    for (;;) {
      await this.#queue.take(turn, request.signal);
      const takenAt = this.#options.clock.monotonic();
      const response = await this.#inSlots(request, limits.host, async (slots) => {
        // the wait for a slot may have been long
        if (turn.limits.some(({ limiter }) => limiter.isPausedSince(takenAt))) return undefined;
        return slots.send(() => this.#observe(request, { inner, limits }), isLostConnection);
      });
      if (response !== undefined) return response;
    }
  }

  #inSlots<T>(
    { slot }: HttpRequest,
    { slots, bodySlots }: HostLimits,
    task: (slots: ConnectionSlots) => Promise<T>,
  ): Promise<T> {
    if (slot === 'none') return bodySlots.run(() => task(bodySlots));
    return slots.run(() => this.#slots(() => task(slots)));
  }

  async #observe(
    request: HttpRequest,
    { inner, limits }: { inner: Send; limits: RequestLimits },
  ): Promise<HttpResponse> {
    const { clock } = this.#options;
    const sentAt = clock.monotonic();
    const response = await inner(request);
    const { status, headers, url } = response;
    if (url.host !== request.url.host) return response; // storage has its own limits
    if (status === 429 || status === 503) {
      const retryAfter = parseRetryAfter(headers, clock.wallTime());
      limiterToBlame(limits, response).refuse(sentAt, { retryAfter, isQuota: status === 429 });
    } else if (status < 500) {
      const resumed = limits.turn.limits.filter(({ limiter, requests }) => limiter.accept(sentAt, requests));
      if (resumed.length > 0) this.#queue.review();
    }
    return response;
  }

  async #limitsOf(request: HttpRequest): Promise<RequestLimits> {
    const host = this.#hostOf(request.host);
    const ofUser = await this.#userOf(request);
    const isWrite = !isRead(request);
    const isUrgent = request.slot === 'none';
    const requests = request.precondition === undefined ? 1 : 2;
    const rates = [
      { limiter: host.requests, requests },
      ...(isWrite ? [{ limiter: host.writes, requests: 1 }] : []),
      ...(ofUser === undefined ? [] : [{ limiter: ofUser.limiter, requests }]),
    ];
    const line = [request.host, isWrite ? 'write' : 'read', requests, isUrgent, ofUser?.name].join(' ');
    const ofHost = isWrite ? host.writes : host.requests;
    return { host, ofHost, ofUser: ofUser?.limiter, turn: { line, limits: rates, isUrgent } };
  }

  #hostOf(host: string): HostLimits {
    const { clock, rateLimits, perHost, threads } = this.#options;
    return getOrMake(this.#hosts, host, () => {
      const limit = rateLimitOf(host, rateLimits);
      const slots = Math.min(perHost, threads);
      return {
        requests: new RateLimiter(clock, limit.requests),
        writes: new RateLimiter(clock, limit.writes),
        slots: new ConnectionSlots(clock, slots),
        bodySlots: new ConnectionSlots(clock, slots),
      };
    });
  }

  /** A failed lookup counts as anonymous here: sending the request reports the failure. */
  async #userOf({ host, repository, signal }: HttpRequest): Promise<User | undefined> {
    const { clock, rateLimits, keychain } = this.#options;
    const ceiling = userRateLimitOf(host, rateLimits);
    if (ceiling === undefined) return undefined;
    const identity = await keychain.identityFor(repository, signal).catch(() => ANONYMOUS);
    return getOrMake(this.#users, identity.name, () => {
      return { name: identity.name, limiter: new RateLimiter(clock, ceiling) };
    });
  }
}

/** Google names quotas of a user in its answer. A refused precondition is a read. */
function limiterToBlame({ host, ofUser, ofHost }: RequestLimits, response: HttpResponse): RateLimiter {
  if (ofUser !== undefined && /per user/i.test(Buffer.from(response.body).toString())) return ofUser;
  return response.precondition === undefined ? ofHost : host.requests;
}
