import type { HttpRequest, HttpResponse, Send } from '../../src/http/request.ts';
import { parseRepository } from '../../src/image/repository.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The answer to one request: success, a status with the seconds of `Retry-After`, or a lost connection. */
export type Verdict = 'ok' | 'reset' | { readonly status: number; readonly retryAfter?: number | undefined };

/** Milliseconds since the host began, requests in flight, and a random number between 0 and 1. */
interface Moment {
  readonly at: number;
  readonly inFlight: number;
  readonly random: number;
}

export type Behaviour = (moment: Moment) => Verdict;

/** Refuses a share of all requests, whatever their rate. */
export function refusingAtRandom(share: number, retryAfter?: number): Behaviour {
  return ({ random }) => (random < share ? { status: 429, retryAfter } : 'ok');
}

/** A token bucket: so many requests per second, and as many at once. */
export function tokenBucket(perSecond: number, retryAfter?: number): Behaviour {
  let tokens = perSecond;
  let last = 0;
  return ({ at }) => {
    tokens = Math.min(perSecond, tokens + ((at - last) * perSecond) / 1000);
    last = at;
    if (tokens < 1) return { status: 429, retryAfter };
    tokens -= 1;
    return 'ok';
  };
}

/** So many requests in each minute; the first minute has begun 40 s ago. */
export function fixedWindow(perMinute: number, retryAfter?: number): Behaviour {
  let minute = -1;
  let used = 0;
  return ({ at }) => {
    const present = Math.floor((at + 40_000) / 60_000);
    used = present === minute ? used + 1 : 1;
    minute = present;
    return used <= perMinute ? 'ok' : { status: 429, retryAfter };
  };
}

/** Resets the connections beyond a number of them. */
export function connectionLimit(most: number): Behaviour {
  return ({ inFlight }) => (inFlight > most ? 'reset' : 'ok');
}

/** Fails everything for a time, in milliseconds. */
export function outage(from: number, to: number, verdict: Verdict): Behaviour {
  return ({ at }) => (at >= from && at < to ? verdict : 'ok');
}

interface Entry {
  readonly at: number;
  readonly client: string;
  readonly isAccepted: boolean;
}

/** A host in virtual time that answers in about 20 ms, a reset in 1 ms. Random numbers are the same in every run. */
export class SimulatedHost {
  readonly #clock: VirtualClock;
  readonly #behaviour: Behaviour;
  readonly #begun: number;
  readonly #log: Entry[] = [];
  #inFlight = 0;
  #seed = 7;

  constructor(clock: VirtualClock, behaviour: Behaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.#begun = clock.monotonic();
  }

  /** A transport of this client to the host. */
  wireOf(client: string): Send {
    return async (request) => {
      this.#inFlight += 1;
      try {
        return await this.#answer(request, client);
      } finally {
        this.#inFlight -= 1;
      }
    };
  }

  /** Accepted requests per second, and the share of refused requests, between two times in milliseconds. */
  measure({ from, to, client }: { readonly from: number; readonly to: number; readonly client?: string }) {
    const entries = this.#log.filter((entry) => {
      return entry.at >= from && entry.at < to && (client === undefined || entry.client === client);
    });
    const accepted = entries.filter(({ isAccepted }) => isAccepted).length;
    return {
      rate: (accepted * 1000) / (to - from),
      refused: entries.length - accepted,
      refusedShare: (entries.length - accepted) / Math.max(1, entries.length),
    };
  }

  async #answer(request: HttpRequest, client: string): Promise<HttpResponse> {
    const at = this.#clock.monotonic() - this.#begun;
    const verdict = this.#behaviour({ at, inFlight: this.#inFlight, random: this.#random() });
    const latency = verdict === 'reset' ? 1 : 14 + 12 * this.#random();
    await this.#clock.sleep(latency, request.signal);
    const isAccepted = verdict === 'ok';
    this.#log.push({ at: this.#clock.monotonic() - this.#begun, client, isAccepted });
    if (verdict === 'reset') throw lostConnection();
    const { status, retryAfter } = isAccepted ? { status: 200, retryAfter: undefined } : verdict;
    const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    return { status, headers, url: request.url, body: new Uint8Array() };
  }

  #random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}

function lostConnection(): RegistryError {
  const cause = Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
  return new RegistryError('unreachable', cause.message, { temporary: true, cause });
}

interface Load {
  readonly clock: VirtualClock;
  readonly send: Send;
  /** Concurrent callers. */
  readonly callers: number;
  /** Requests in all, or milliseconds for which requests are begun. */
  readonly until: { readonly requests: number } | { readonly milliseconds: number };
}

/** Sends requests as fast as they are answered; resolves to the number of those that failed. */
export async function applyLoad({ clock, send, callers, until }: Load): Promise<number> {
  const end = clock.monotonic() + ('milliseconds' in until ? until.milliseconds : Number.POSITIVE_INFINITY);
  const most = 'requests' in until ? until.requests : Number.POSITIVE_INFINITY;
  let begun = 0;
  let failed = 0;
  const call = async () => {
    while (begun < most && clock.monotonic() < end) {
      begun += 1;
      const status = await send(readOf(begun)).then((response) => response.status, String);
      if (status !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return failed;
}

function readOf(number: number): HttpRequest {
  const repository = parseRepository('registry.test/app');
  if (repository === undefined) throw new Error('not a repository');
  return {
    method: 'GET',
    url: new URL(`https://registry.test/v2/app/manifests/${number}`),
    host: 'registry.test',
    repository,
    headers: {},
    scopes: [],
    signal: new AbortController().signal,
  };
}
