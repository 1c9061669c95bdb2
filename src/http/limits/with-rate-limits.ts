import { getOrMake } from '../../base/maps.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import { type HttpRequest, type HttpResponse, isRead, type Send } from '../request.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { Permits } from './permits.ts';
import { RateLimiter } from './rate-limiter.ts';
import { rateLimitOf, type RateLimits, userRateLimitOf } from './rate-limits.ts';
import { type Turn, TurnQueue } from './turn-queue.ts';

export interface RateLimitOptions {
  /** Requests at a time, all hosts together. */
  readonly threads: number;
  /** Requests at a time to one host. */
  readonly perHost: number;
  /** The same while two of the threads are free for other hosts. Unset: no more. */
  readonly perLoneHost?: number;
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
  const limiter = new RequestLimiter(inner, options);
  return (request) => limiter.send(request);
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
  readonly #inner: Send;
  readonly #hosts = new Map<string, HostLimits>();
  readonly #users = new Map<string, User>();
  /** By the line of their turns. */
  readonly #limits = new Map<string, RequestLimits>();
  readonly #queue: TurnQueue;
  readonly #permits: Permits;

  constructor(inner: Send, options: RateLimitOptions) {
    this.#options = options;
    this.#inner = inner;
    this.#permits = new Permits(options.threads);
    this.#queue = new TurnQueue(options.clock);
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const ceiling = userRateLimitOf(request.host, this.#options.rateLimits);
    const user = ceiling === undefined ? undefined : await this.#userOf(request, ceiling);
    const limits = this.#limitsOf(request, user);
    const isOwn = request.slot !== 'none';
    const slots = isOwn ? limits.host.slots : limits.host.bodySlots;
    for (;;) {
      // most turns, slots and permits are free, and waiting for none costs nothing
      const turn = this.#queue.take(limits.turn, request.signal);
      if (turn !== undefined) await turn;
      const takenAt = this.#options.clock.monotonic();
      const slot = slots.take();
      if (slot !== undefined) await slot;
      const permit = isOwn ? this.#permits.take() : undefined;
      if (permit !== undefined) await permit;
      if (!isPausedSince(limits.turn, takenAt)) break;
      this.#release(slots, isOwn); // the host was paused meanwhile, so the turn is void
    }
    const sentAt = this.#options.clock.monotonic();
    slots.begin();
    try {
      const response = await this.#inner(request);
      slots.succeed(sentAt);
      // storage has its own limits
      if (response.url === request.url || response.url.host === request.url.host)
        this.#learn(response, limits, sentAt);
      return response;
    } catch (error) {
      slots.fail(sentAt, error);
      throw error;
    } finally {
      this.#release(slots, isOwn);
    }
  }

  #release(slots: ConnectionSlots, isOwn: boolean): void {
    if (isOwn) this.#permits.release();
    slots.release();
  }

  #learn(response: HttpResponse, limits: RequestLimits, sentAt: number): void {
    const { status, headers } = response;
    if (status === 429 || status === 503) {
      const retryAfter = parseRetryAfter(headers, this.#options.clock.wallTime());
      limiterToBlame(limits, response).refuse(sentAt, { retryAfter, isQuota: status === 429 });
    } else if (status < 500) {
      let hasResumed = false;
      for (const { limiter, requests } of limits.turn.limits)
        if (limiter.accept(sentAt, requests)) hasResumed = true;
      if (hasResumed) this.#queue.review();
    }
  }

  #limitsOf(request: HttpRequest, user: User | undefined): RequestLimits {
    const isWrite = !isRead(request);
    const isUrgent = request.slot === 'none';
    const requests = request.precondition === undefined ? 1 : 2;
    const line = `${request.host} ${isWrite ? 'write' : 'read'} ${requests} ${isUrgent} ${user?.name}`;
    return getOrMake(this.#limits, line, () => {
      const host = this.#hostOf(request.host);
      const rates = [
        { limiter: host.requests, requests },
        ...(isWrite ? [{ limiter: host.writes, requests: 1 }] : []),
        ...(user === undefined ? [] : [{ limiter: user.limiter, requests }]),
      ];
      const ofHost = isWrite ? host.writes : host.requests;
      return { host, ofHost, ofUser: user?.limiter, turn: { line, limits: rates, isUrgent } };
    });
  }

  #hostOf(host: string): HostLimits {
    const { clock, rateLimits, perHost, perLoneHost = perHost, threads } = this.#options;
    return getOrMake(this.#hosts, host, () => {
      const limit = rateLimitOf(host, rateLimits);
      const most = Math.min(perHost, threads);
      const bounds = { most, mostAlone: Math.max(most, perLoneHost), threads: this.#permits };
      return {
        requests: new RateLimiter(clock, limit.requests),
        writes: new RateLimiter(clock, limit.writes),
        slots: new ConnectionSlots(clock, bounds),
        bodySlots: new ConnectionSlots(clock, { ...bounds, mostAlone: most }),
      };
    });
  }

  /** A failed lookup counts as anonymous here: sending the request reports the failure. */
  async #userOf({ repository, signal }: HttpRequest, ceiling: number): Promise<User> {
    const { clock, keychain } = this.#options;
    const { name } = await keychain.identityFor(repository, signal).catch(() => ANONYMOUS);
    return getOrMake(this.#users, name, () => ({ name, limiter: new RateLimiter(clock, ceiling) }));
  }
}

function isPausedSince({ limits }: Turn, time: number): boolean {
  for (const { limiter } of limits) if (limiter.isPausedSince(time)) return true;
  return false;
}

/** Google names quotas of a user in its answer. A refused precondition is a read. */
function limiterToBlame({ host, ofUser, ofHost }: RequestLimits, response: HttpResponse): RateLimiter {
  if (ofUser !== undefined && /per user/i.test(Buffer.from(response.body).toString())) return ofUser;
  return response.precondition === undefined ? ofHost : host.requests;
}
