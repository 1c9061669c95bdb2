import pLimit, { type LimitFunction } from 'p-limit';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { budgetOf, type Budgets, userBudgetOf } from './budget.ts';
import type { ConnectionSlots } from './connection-slots.ts';
import { HostLimits } from './host-limits.ts';
import { describeRequest, type HttpRequest, type HttpResponse, type Send, writtenAt } from './http.ts';
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
 * Keeps requests within what hosts and identities may be asked for: per second, apart for writes, and at a time. A
 * host that refuses (429, or 503 with `Retry-After`) is asked half as often, by nobody before the time that it names;
 * one that is overloaded (503) by half as many at a time.
 *
 * A request waits for its host first, so that a slow or throttled host never holds a slot that others could use. A blob
 * that is read takes no slot: it is the body of a write that has one. A token is asked for within its request, because
 * it could end while it waits. Nor does anything else wait once a write has been looked at that may be written over: it
 * is looked at again, in the slot that it has, where it has waited for long.
 */
export function withRateLimits(inner: Send, options: RateLimitOptions): Send {
  const desk = new Desk(options);
  return (request) => desk.send(request, inner);
}

/** Whose budgets a request draws on. */
interface Lane {
  readonly host: HostLimits;
  /** The narrowest limit of the host for such a request. */
  readonly ofHost: RateLimiter;
  readonly ofUser: RateLimiter | undefined;
  readonly pacers: readonly RateLimiter[];
}

class Desk {
  readonly #options: RateLimitOptions;
  readonly #hosts = new Map<string, HostLimits>();
  readonly #users = new Map<string, RateLimiter>();
  readonly #slots: LimitFunction;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#slots = pLimit(options.threads);
  }

  async send(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    const lane = await this.#laneOf(request);
    const slots = request.slot === 'none' ? lane.host.nested : lane.host.slots;
    return inSlot(slots, async () => {
      for (;;) {
        const turns: number[] = [];
        for (const pacer of lane.pacers) turns.push(await pacer.turn(request.signal));
        const isStale = () => lane.pacers.some((pacer, index) => pacer.isBlockedSince(turns[index] ?? 0));
        const attempt = async () => {
          if (isStale()) return undefined;
          if (await isDoneMeanwhile(request)) return writtenAt(request.url);
          return isStale() ? undefined : this.#observe(request, { inner, lane, slots });
        };
        const response = await (request.slot === 'none' ? attempt() : this.#slots(attempt));
        if (response !== undefined) return response;
      }
    });
  }

  async #observe(
    request: HttpRequest,
    { inner, lane, slots }: { inner: Send; lane: Lane; slots: ConnectionSlots },
  ): Promise<HttpResponse> {
    const { clock } = this.#options;
    const sentAt = slots.begin();
    let response: HttpResponse;
    try {
      response = await inner(request);
    } catch (error) {
      slots.end();
      if (error instanceof RegistryError && error.code === 'unreachable' && error.temporary)
        slots.fail(sentAt);
      throw error;
    }
    if (response.stream === undefined) slots.end();
    else response.stream.once('close', () => slots.end());
    slots.succeed(sentAt);
    if (response.url.host !== request.url.host) return response; // storage has limits of its own
    const retryAfter = parseRetryAfter(response.headers, clock.wallTime());
    if (response.status === 429 || response.status === 503) {
      toBlame(lane, response).refuse(sentAt, { retryAfter, isQuota: response.status === 429 });
    } else if (response.status < 500) {
      for (const pacer of lane.pacers) pacer.accept(sentAt);
    }
    return response;
  }

  async #laneOf(request: HttpRequest): Promise<Lane> {
    const host = this.#hostOf(request.host);
    const ofUser = await this.#userOf(request);
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    const ofHost = isWrite ? host.writes : host.requests;
    const pacers = [
      host.requests,
      ...(isWrite ? [host.writes] : []),
      ...(ofUser === undefined ? [] : [ofUser]),
    ];
    return { host, ofHost, ofUser, pacers };
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

/** Of a write that has waited for its turn: whether it is still to be done. Throws where somebody else has written. */
async function isDoneMeanwhile(request: HttpRequest): Promise<boolean> {
  const { sight } = request;
  if (sight === undefined || !sight.isOld()) return false;
  try {
    return (await sight.look('none')) === 'done';
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code === 'moved') throw error;
    const why = `not sent, because nobody can say what is there by now: ${messageOf(error)}`;
    throw new RegistryError(error.code, `${describeRequest(request)}: ${why}`, { cause: error });
  }
}

/** Google says so when it was the user who asked too often. */
function toBlame({ ofUser, ofHost }: Lane, { body }: HttpResponse): RateLimiter {
  const isOfUser = ofUser !== undefined && /per user/i.test(Buffer.from(body).toString());
  return isOfUser ? ofUser : ofHost;
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}

/** The slot is held until a body that streams has ended: it is a connection as well. */
function inSlot(slots: ConnectionSlots, task: () => Promise<HttpResponse>): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    void slots.run(async () => {
      const response = await task().catch(reject);
      if (response === undefined) return;
      const { stream } = response;
      const closed = stream && new Promise((close) => stream.once('close', close));
      resolve(response);
      await closed;
    });
  });
}
