import { Backoff } from '../base/backoff.ts';
import { abortedAfter } from '../base/errors.ts';
import { FIRST_CONTACT, HOST_DOWN, REPETITIONS, type RetryPolicy } from '../base/limits-and-retries.ts';
import { getOrMake } from '../base/maps.ts';
import type { Clock } from '../ports/clock.ts';
import { RegistryError } from '../ports/registry-error.ts';
import {
  DamagedResponse,
  describeRequest,
  type HttpRequest,
  type HttpResponse,
  type Send,
  writtenAt,
} from './request.ts';
import {
  type Attempt,
  classifyAttempt,
  isConnectionRefused,
  mayHaveBeenDone,
  serverFaultOf,
  Thrown,
  type Verdict,
} from './retry-classifier.ts';

interface RetryPorts {
  readonly clock: Clock;
  readonly policy: RetryPolicy;
  /** Called for every delay, in milliseconds, with the failure before it. */
  readonly onRetry: (host: string, delay: number, reason: string) => void;
}

/**
 * Retries a request as `classifyAttempt` decides, after delays with jitter and never earlier than `Retry-After`. After
 * the last attempt the response is returned as it is. An outage is waited for only if the host has answered before:
 * another host may not exist, and if it refuses connections the request is retried only once.
 *
 * If a write with a precondition may have succeeded without a response, the precondition is read before each further
 * attempt, and after the last one. An abort between attempts has the failure before it as its cause.
 */
export function withRetry(inner: Send, ports: RetryPorts): Send {
  const retrier = new Retrier(inner, ports);
  return (request) => retrier.send(request);
}

class Retrier {
  readonly inner: Send;
  readonly ports: RetryPorts;
  readonly anomalies = new AcceptedAnomalies();
  readonly #hosts = new Map<string, HostState>();

  constructor(inner: Send, ports: RetryPorts) {
    this.inner = inner;
    this.ports = ports;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const host = getOrMake(this.#hosts, request.host, () => new HostState());
    const { clock } = this.ports;
    let retries: Retries | undefined;
    for (;;) {
      host.askedAt = clock.monotonic();
      let attempt: Attempt;
      try {
        attempt = await this.inner(request);
      } catch (error) {
        attempt = new Thrown(error);
      }
      const verdict = classifyAttempt(request, attempt, clock.wallTime());
      host.learn(verdict, clock.monotonic());
      if (verdict.kind === 'final') return retries === undefined ? resultOf(attempt) : retries.end(attempt);
      retries ??= new Retries(this, request, host);
      if (!(await retries.waitForNext(attempt, verdict))) return retries.giveUp(attempt, verdict);
    }
  }
}

/** The delays between the attempts of one request. */
class Retries {
  readonly #retrier: Retrier;
  readonly #request: HttpRequest;
  readonly #host: HostState;
  readonly #backoff: Backoff;
  /** Of the last attempt. */
  #failure: unknown;
  #damagedReads = 0;
  #implausible = 0;
  #isRefused = false;

  constructor(retrier: Retrier, request: HttpRequest, host: HostState) {
    this.#retrier = retrier;
    this.#request = request;
    this.#host = host;
    this.#backoff = new Backoff(retrier.ports.clock, retrier.ports.policy);
  }

  /** Resolves to true when it is time for the next attempt, and to false if there is none. */
  async waitForNext(attempt: Attempt, verdict: Retry): Promise<boolean> {
    this.#failure = failureOf(this.#request, attempt);
    return this.#wait(attempt, verdict).catch((error: unknown) => this.#fail(error));
  }

  async #wait(attempt: Attempt, verdict: Retry): Promise<boolean> {
    if (verdict.kind === 'retry-now') {
      this.#damagedReads += 1;
      return this.#damagedReads < REPETITIONS.damagedReads;
    }
    if (verdict.isImplausible && this.#isAccepted(verdict.failure.status)) return false;
    if (!this.#host.hasAnswered && attempt instanceof Thrown && isConnectionRefused(attempt.error)) {
      return this.#waitForHost(verdict.reason);
    }
    const { clock, policy, onRetry } = this.#retrier.ports;
    for (;;) {
      const outage = this.#host.hasAnswered ? policy.outage : 0;
      const delay = this.#backoff.delayAfter(verdict.failure, outage);
      if (delay === undefined) return false;
      onRetry(this.#request.host, delay, verdict.reason);
      await clock.sleep(delay, this.#request.signal);
      // the failure of another request to a host that is down is also the failure of this one
      if (verdict.kind !== 'host-down' || this.#host.mayAsk(clock.monotonic())) return true;
    }
  }

  /** A host that has never answered is asked again once: an address that is wrong stays wrong. */
  async #waitForHost(reason: string): Promise<boolean> {
    if (this.#isRefused) this.#host.isRefusing = true;
    if (this.#host.isRefusing) return false;
    this.#isRefused = true;
    const { clock, onRetry } = this.#retrier.ports;
    onRetry(this.#request.host, FIRST_CONTACT.refusedDelay, reason);
    await clock.sleep(FIRST_CONTACT.refusedDelay, this.#request.signal);
    return true;
  }

  #isAccepted(status: number | undefined): boolean {
    this.#implausible += 1;
    return this.#retrier.anomalies.accept(this.#request, status, this.#implausible);
  }

  /** The result after an attempt that is not the first. */
  end(attempt: Attempt): HttpResponse {
    return attempt instanceof Thrown ? this.#fail(errorOf(attempt)) : attempt;
  }

  /** The result after the last attempt, which has failed: a write may have succeeded all the same. */
  async giveUp(attempt: Attempt, verdict: Retry): Promise<HttpResponse> {
    const { precondition, url } = this.#request;
    if (precondition === undefined || !('failure' in verdict) || !mayHaveBeenDone(verdict.failure))
      return this.end(attempt);
    const state = await precondition(this.#retrier.inner)
      .catch(orUnknown)
      .catch((error: unknown) => this.#fail(error));
    return state === 'done' ? writtenAt(url) : this.end(attempt);
  }

  #fail(error: unknown): never {
    throw abortedAfter(this.#failure, error, this.#request.signal);
  }
}

type Retry = Exclude<Verdict, { kind: 'final' }>;

/** The state that all requests to one host share. */
class HostState {
  hasAnswered = false;
  /** It has refused the connections of a request twice, and has never answered. */
  isRefusing = false;
  /** Monotonic milliseconds of the last request. */
  askedAt = 0;
  /** Lost connections since the last answer, and the time of the first of them. */
  #lost = 0;
  #lostSince = 0;

  learn(verdict: Verdict, now: number): void {
    const { kind } = verdict;
    if (kind === 'host-down') {
      if (this.#lost === 0) this.#lostSince = now;
      this.#lost += 1;
    } else if (kind === 'retry-later') {
      // a timeout says nothing, and a gateway may answer for a host that is down
      if (verdict.failure.status !== undefined) this.#lost = 0;
      if (verdict.isImplausible) this.hasAnswered = true;
    } else if (kind === 'retry-now' || verdict.isAnswer) {
      this.#lost = 0;
      this.hasAnswered = true;
    }
  }

  /** False for a host that is down and was asked a moment ago. */
  mayAsk(now: number): boolean {
    const isDown = this.#lost >= HOST_DOWN.lost && now - this.#lostSince >= HOST_DOWN.after;
    return !isDown || now - this.askedAt >= HOST_DOWN.probeInterval;
  }
}

/**
 * Implausible responses that a repository repeats. They are accepted at once from then on, because each edge of that
 * registry would be retried otherwise.
 */
class AcceptedAnomalies {
  readonly #accepted = new Set<string>();

  /** Returns true for a response that came `times` times in a row and is to be accepted. */
  accept({ method, repository }: HttpRequest, status: number | undefined, times: number): boolean {
    // HEAD and GET read the same
    const key = `${method === 'HEAD' ? 'GET' : method} ${repository} ${status}`;
    if (times > REPETITIONS.implausible) this.#accepted.add(key);
    return this.#accepted.has(key);
  }
}

/** Throws for an attempt without a response. */
function resultOf(attempt: Attempt): HttpResponse {
  if (!(attempt instanceof Thrown)) return attempt;
  throw errorOf(attempt);
}

function errorOf({ error }: Thrown): unknown {
  return error instanceof DamagedResponse ? error.damage : error;
}

function failureOf(request: HttpRequest, attempt: Attempt): unknown {
  if (attempt instanceof Thrown) return errorOf(attempt);
  const { status } = attempt;
  const message = `status ${status}`;
  const kind = serverFaultOf(status) ?? 'unavailable';
  const fault = { kind, host: request.host, message } as const;
  return new RegistryError('unavailable', `${describeRequest(request)}: ${message}`, { status, fault });
}

function orUnknown(error: unknown): 'unknown' {
  if (error instanceof DamagedResponse) return 'unknown';
  if (!(error instanceof RegistryError) || error.code === 'moved') throw error;
  return 'unknown';
}
