import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { budgetOf, type Budgets, userBudgetOf } from './budget.ts';
import type { ConnectionSlots } from './connection-slots.ts';
import { HostLimits } from './host-limits.ts';
import { type HttpRequest, type HttpResponse, isRead, type Send } from './http.ts';
import { RateLimiter } from './rate-limiter.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface RateLimitOptions {
  /** Requests at a time, all hosts together. */
  readonly threads: number;
  /** Requests at a time to one host. */
  readonly perHost: number;
  readonly budgets: Budgets;
  readonly clock: Clock;
  /** Tells whose budget a request is of, at hosts where identities have one. */
  readonly keychain: Keychain;
}

/**
 * Keeps requests within the limits of hosts and identities: per second, apart for writes, and at a time. Where these are
 * not known they are learned: from refusals (429 and 503) and from connections that are lost.
 *
 * A request waits for its host first, so that a slow or throttled host never holds a slot that others could use. What
 * another request waits for in its slot, such as the blob that is its body, has slots of its own: a blob that streams
 * keeps its slot until the answer begins, because what reads it may wait for a slot as well. A token is asked for within
 * its request, because it could end while it waits. So is the precondition of a write: in the slot of the write, with a
 * turn of its own.
 */
export function withRateLimits(inner: Send, options: RateLimitOptions): Send {
  const limits = new RateLimits(options);
  return (request) => limits.send(request, inner);
}

/** The limits that a request is subject to. */
interface RequestLimits {
  readonly host: HostLimits;
  /** The narrowest limiter of the host for such a request. */
  readonly ofHost: RateLimiter;
  readonly ofUser: RateLimiter | undefined;
  /** One for each turn that the request takes. */
  readonly limiters: readonly RateLimiter[];
}

class RateLimits {
  readonly #options: RateLimitOptions;
  readonly #hosts = new Map<string, HostLimits>();
  readonly #users = new Map<string, RateLimiter>();
  readonly #slots: LimitFunction;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#slots = pLimit(options.threads);
  }

  async send(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    const limits = await this.#limitsOf(request);
    for (;;) {
      const turns = await this.#takeTurns(limits, request.signal);
      const response = await this.#inSlots(request, limits.host, async (slots) => {
        // the host may have begun to refuse since
        if (turns.some(({ limiter, at }) => limiter.isBlockedSince(at))) return undefined;
        return slots.send(() => this.#observe(request, { inner, limits }), isLostConnection);
      });
      if (response !== undefined) return response;
    }
  }

  async #takeTurns({ limiters }: RequestLimits, signal: AbortSignal) {
    const turns: { readonly limiter: RateLimiter; readonly at: number }[] = [];
    for (const limiter of limiters) {
      await limiter.turn(signal);
      turns.push({ limiter, at: this.#options.clock.monotonic() });
    }
    return turns;
  }

  #inSlots<T>(
    { slot }: HttpRequest,
    { slots, nestedSlots }: HostLimits,
    task: (slots: ConnectionSlots) => Promise<T>,
  ): Promise<T> {
    if (slot === 'none') return nestedSlots.run(() => task(nestedSlots));
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
    if (url.host !== request.url.host) return response; // storage has limits of its own
    if (status === 429 || status === 503) {
      const retryAfter = parseRetryAfter(headers, clock.wallTime());
      limiterToBlame(limits, response).refuse(sentAt, { retryAfter, isQuota: status === 429 });
    } else if (status < 500) {
      for (const limiter of limits.limiters) limiter.accept(sentAt);
    }
    return response;
  }

  async #limitsOf(request: HttpRequest): Promise<RequestLimits> {
    const host = this.#hostOf(request.host);
    const ofUser = await this.#userOf(request);
    const isWrite = !isRead(request);
    const reads = [host.requests, ...(ofUser === undefined ? [] : [ofUser])];
    const limiters = [
      ...reads,
      ...(isWrite ? [host.writes] : []),
      ...(request.precondition === undefined ? [] : reads),
    ];
    return { host, ofHost: isWrite ? host.writes : host.requests, ofUser, limiters };
  }

  #hostOf(host: string): HostLimits {
    const { clock, budgets, perHost, threads } = this.#options;
    return remember(this.#hosts, host, () => {
      return new HostLimits(clock, { budget: budgetOf(host, budgets), slots: Math.min(perHost, threads) });
    });
  }

  /** An identity that cannot be had is nobody here: whoever sends the request says why. */
  async #userOf({ host, repository, signal }: HttpRequest): Promise<RateLimiter | undefined> {
    const { clock, budgets, keychain } = this.#options;
    const ceiling = userBudgetOf(host, budgets);
    if (ceiling === undefined) return undefined;
    const identity = await keychain.identityFor(repository, signal).catch(() => ANONYMOUS);
    return remember(this.#users, identity.name, () => new RateLimiter(clock, ceiling));
  }
}

function isLostConnection(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'unreachable' && error.temporary;
}

/** Google says so when it was the user who asked too often; and a write may have been refused in its precondition. */
function limiterToBlame({ host, ofUser, ofHost }: RequestLimits, response: HttpResponse): RateLimiter {
  if (ofUser !== undefined && /per user/i.test(Buffer.from(response.body).toString())) return ofUser;
  return response.precondition === undefined ? ofHost : host.requests;
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
