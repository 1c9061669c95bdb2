import { Attempts, type Failure, isRefusal, type RetryPolicy } from '../../base/attempts.ts';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './http.ts';
import { isImpossible } from './impossible-answer.ts';
import { parseRetryAfter } from './retry-after.ts';

/** Statuses that the same request may not meet again. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTemporaryStatus(status: number): boolean {
  return TEMPORARY.has(status);
}

interface RetryPorts {
  readonly clock: Clock;
  readonly policy: RetryPolicy;
  /** Told of every wait: milliseconds, and what went wrong. */
  readonly onRetry: (host: string, wait: number, why: string) => void;
}

/**
 * Sends again what failed for a while: lost connections and temporary statuses, with full jitter, and never earlier
 * than `Retry-After` asks. After the last attempt the answer is handed on as it is. Only of a host that has answered
 * before an outage is seen through: another one may not be there at all. An answer that cannot be true is doubted once.
 *
 * Where a write may have been done though no answer came, or by somebody else while this one waited, that is looked for
 * first, if the request says how.
 *
 * A body that streams can be sent only once, so such a request is not repeated here: who opened it starts over.
 */
export function withRetry(inner: Send, { clock, policy, onRetry }: RetryPorts): Send {
  const impatient = { ...policy, mostAttempts: policy.attempts };
  const known = new Set<string>();
  return async (request) => {
    const attempts = new Attempts(clock, known.has(request.host) ? policy : impatient);
    let doubts = 0;
    for (;;) {
      const outcome = await tryOnce(request, inner);
      if (!outcome.temporary) known.add(request.host);
      if (outcome.impossible) doubts += 1;
      if (!(outcome.temporary || outcome.impossible) || isStreamBody(request.body)) return outcome.result();
      const failure = { status: outcome.status, asked: outcome.retryAfter(clock.now()) };
      const wait = doubts > MAX_DOUBTS ? undefined : attempts.waitAfter(failure);
      if (wait !== undefined) {
        onRetry(request.host, wait, outcome.why);
        await clock.sleep(wait, request.signal);
      }
      const trace = wantsLook(failure, wait) ? await request.lookBack?.() : undefined;
      if (trace === 'done') return { status: 201, headers: {}, url: request.url, body: new Uint8Array() };
      if (wait === undefined || trace === 'unknown') return outcome.result();
    }
  };
}

/** How often an answer that cannot be true is not believed. */
const MAX_DOUBTS = 1;

/** Milliseconds of waiting after which what was seen before is old. */
const STALE = 5000;

function wantsLook(failure: Failure, wait = 0): boolean {
  return mayBeDone(failure) || wait > STALE;
}

/** No answer, a web page in its place, or that of a proxy which has not waited for the registry's. */
function mayBeDone(failure: Failure): boolean {
  const { status } = failure;
  return status === undefined || status < 300 || (status >= 500 && !isRefusal(failure));
}

interface Outcome {
  readonly temporary: boolean;
  readonly impossible: boolean;
  readonly status: number | undefined;
  readonly why: string;
  readonly retryAfter: (now: number) => number | undefined;
  readonly result: () => HttpResponse;
}

async function tryOnce(request: HttpRequest, send: Send): Promise<Outcome> {
  try {
    const response = await send(request);
    return {
      temporary: isTemporaryStatus(response.status),
      impossible: isImpossible(request, response),
      status: response.status,
      why: `status ${response.status}`,
      retryAfter: (now) => parseRetryAfter(response.headers['retry-after'], now),
      result: () => response,
    };
  } catch (error) {
    return {
      temporary: error instanceof RegistryError && error.temporary,
      // of a token service: what it is asked has no range, and its 401 may lack a challenge
      impossible: error instanceof RegistryError && error.status === 416,
      status: error instanceof RegistryError ? error.status : undefined,
      why: messageOf(error),
      retryAfter: () => (error instanceof RegistryError ? error.retryAfterMs : undefined),
      result: () => {
        throw error;
      },
    };
  }
}
