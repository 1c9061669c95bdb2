import { Attempts, type Failure, isRefusal, type RetryPolicy } from '../base/attempts.ts';
import { givenUpAfter } from '../base/given-up.ts';
import type { Clock } from '../ports/clock.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { AcceptedAnomalies } from './accepted-anomalies.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send, writtenAt } from './request.ts';
import { type Outcome, tryOnce } from './attempt.ts';

interface RetryPorts {
  readonly clock: Clock;
  readonly policy: RetryPolicy;
  /** Told of every wait: milliseconds, and what went wrong. */
  readonly onRetry: (host: string, wait: number, why: string) => void;
}

/**
 * Sends again what failed for a while: lost connections and temporary statuses, with jitter, and never earlier
 * than `Retry-After` asks. After the last attempt the answer is handed on as it is. Only of a host that has answered
 * before an outage is seen through: another one may not be there at all. An answer that cannot be true is doubted, until
 * it turns out that it is what this repository says.
 *
 * Where a write with a precondition may have been done though no answer came, that is looked for: before each further
 * attempt, because its precondition is, and after the last one. An abort tells what the attempt before it failed with.
 *
 * A body that streams can be sent only once, so such a request is not repeated here: who opened it starts over.
 */
export function withRetry(inner: Send, ports: RetryPorts): Send {
  const known = new Set<string>();
  const anomalies = new AcceptedAnomalies();
  return async (request) => {
    const repetition = new Repetition(request, inner, { ...ports, anomalies });
    for (;;) {
      const outcome = await repetition.attempt();
      if (!outcome.temporary) known.add(request.host);
      if (!mayChange(outcome) || isStreamBody(request.body)) return outcome.result();
      const next = await repetition.prepareNext(outcome, known.has(request.host));
      if (next !== 'again') return next();
    }
  };
}

function mayChange({ temporary, impossible }: Outcome): boolean {
  return temporary || impossible;
}

/** One request, as often as it is sent. */
class Repetition {
  readonly #request: HttpRequest;
  readonly #inner: Send;
  readonly #ports: RetryPorts & { readonly anomalies: AcceptedAnomalies };
  readonly #attempts: Attempts;
  #anomalies = 0;
  #lastFailure: unknown;

  constructor(
    request: HttpRequest,
    inner: Send,
    ports: RetryPorts & { readonly anomalies: AcceptedAnomalies },
  ) {
    this.#request = request;
    this.#inner = inner;
    this.#ports = ports;
    this.#attempts = new Attempts(ports.clock, ports.policy);
  }

  attempt(): Promise<Outcome> {
    return tryOnce(this.#request, (request) => this.#telling(this.#inner(request)));
  }

  /** Resolves when it is time for another attempt; where there is to be none, to what gives the end of the request. */
  async prepareNext(outcome: Outcome, isKnown: boolean): Promise<'again' | (() => HttpResponse)> {
    this.#lastFailure = outcome.failure;
    const failure = { status: outcome.status, asked: outcome.retryAfter(this.#ports.clock.wallTime()) };
    const outage = isKnown ? this.#ports.policy.outage : 0;
    const wait = this.#isBelieved(outcome) ? undefined : this.#attempts.waitAfter(failure, outage);
    if (wait !== undefined) {
      await this.#sleep(wait, outcome.why);
      return 'again';
    }
    const isDone = mayBeDone(failure) && (await this.#isDone());
    return isDone ? () => writtenAt(this.#request.url) : outcome.result;
  }

  #isBelieved(outcome: Outcome): boolean {
    if (!outcome.impossible) return false;
    this.#anomalies += 1;
    return this.#ports.anomalies.accept(this.#request, outcome, this.#anomalies);
  }

  async #sleep(wait: number, why: string): Promise<void> {
    const { clock, onRetry } = this.#ports;
    onRetry(this.#request.host, wait, why);
    await this.#telling(clock.sleep(wait, this.#request.signal));
  }

  async #isDone(): Promise<boolean> {
    const reading = this.#request.precondition?.(this.#inner).catch(orUnknown);
    return reading !== undefined && (await this.#telling(reading)) === 'done';
  }

  /** What is awaited, unless it ends in an abort: that tells what the attempt before failed with. */
  async #telling<T>(waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } catch (error) {
      throw givenUpAfter(this.#lastFailure, error, this.#request.signal);
    }
  }
}

/** No answer, or that of a proxy which has not waited for the registry's. */
function mayBeDone(failure: Failure): boolean {
  const { status } = failure;
  return status === undefined || (status >= 500 && !isRefusal(failure));
}

function orUnknown(error: unknown): 'unknown' {
  if (!(error instanceof RegistryError) || error.code === 'moved') throw error;
  return 'unknown';
}
