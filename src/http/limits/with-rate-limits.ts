import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import { budgetOf, type Budgets, userBudgetOf } from './budgets.ts';
import { HostBudget } from './host-limits.ts';
import type { HttpRequest, HttpResponse, Send } from '../request.ts';
import { Pacer } from './rate-limiter.ts';
import { parseRetryAfter } from '../retry-after.ts';

export interface BudgetOptions {
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
 * it could end while it waits. So is the precondition of a write: in the slot of the write, with a turn of its own.
 */
export function withBudgets(inner: Send, options: BudgetOptions): Send {
  const desk = new Desk(options);
  return (request) => desk.send(request, inner);
}

/** Whose budgets a request draws on. */
interface Lane {
  readonly host: HostBudget;
  /** The narrowest limit of the host for such a request. */
  readonly ofHost: Pacer;
  readonly ofUser: Pacer | undefined;
  readonly pacers: readonly Pacer[];
}

class Desk {
  readonly #options: BudgetOptions;
  readonly #hosts = new Map<string, HostBudget>();
  readonly #users = new Map<string, Pacer>();
  readonly #slots: LimitFunction;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#slots = pLimit(options.threads);
  }

  async send(request: HttpRequest, inner: Send): Promise<HttpResponse> {
    const lane = await this.#laneOf(request);
    const isPaused = () => lane.pacers.some((pacer) => pacer.isPaused());
    const attempt = async (): Promise<HttpResponse | undefined> => {
      return isPaused() ? undefined : this.#observe(request, { inner, lane }); // since it got its turn
    };
    for (;;) {
      for (const pacer of lane.pacers) await pacer.turn(request.signal);
      const response =
        request.slot === 'none' ? await attempt() : await lane.host.inSlot(() => this.#slots(attempt));
      if (response !== undefined) return response;
    }
  }

  async #observe(request: HttpRequest, { inner, lane }: { inner: Send; lane: Lane }): Promise<HttpResponse> {
    const { clock } = this.#options;
    const sentAt = clock.monotonic();
    const response = await inner(request);
    if (response.url.host !== request.url.host) return response; // storage has limits of its own
    const retryAfter = parseRetryAfter(response.headers, clock.wallTime());
    if (response.status === 429 || response.status === 503) {
      lane.host.narrow(sentAt);
      // a server that is overloaded now and then need not be asked less often for it
      if (response.status === 429 || retryAfter !== undefined)
        toBlame(lane, response).refuse(sentAt, retryAfter);
    } else if (response.status < 500) {
      for (const pacer of lane.pacers) pacer.accept();
      lane.host.widen();
    }
    return response;
  }

  async #laneOf(request: HttpRequest): Promise<Lane> {
    const host = this.#hostOf(request.host);
    const ofUser = await this.#userOf(request);
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    const ofHost = isWrite ? host.writes : host.requests;
    const reads = [host.requests, ...(ofUser === undefined ? [] : [ofUser])];
    const pacers = [
      ...reads,
      ...(isWrite ? [host.writes] : []),
      ...(request.precondition === undefined ? [] : reads),
    ];
    return { host, ofHost, ofUser, pacers };
  }

  #hostOf(host: string): HostBudget {
    const { clock, budgets, perHost, threads } = this.#options;
    return remember(this.#hosts, host, () => {
      return new HostBudget(clock, { budget: budgetOf(host, budgets), slots: Math.min(perHost, threads) });
    });
  }

  /** An identity that cannot be had is nobody here: whoever sends the request says why. */
  async #userOf({ host, repository, signal }: HttpRequest): Promise<Pacer | undefined> {
    const { clock, budgets, keychain } = this.#options;
    const ceiling = userBudgetOf(host, budgets);
    if (ceiling === undefined) return undefined;
    const identity = await keychain.identityFor(repository, signal).catch(() => ANONYMOUS);
    return remember(this.#users, identity.name, () => new Pacer(clock, ceiling));
  }
}

/** Google says so when it was the user who asked too often. */
function toBlame({ ofUser, ofHost }: Lane, { body }: HttpResponse): Pacer {
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
