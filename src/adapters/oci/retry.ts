import { Attempts, type RetryPolicy } from '../../base/attempts.ts';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { type HttpResponse, isStreamBody, type Send } from './http.ts';
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
 * before an outage is seen through: another one may not be there at all.
 *
 * A body that streams can be sent only once, so such a request is not repeated here: who opened it starts over.
 */
export function withRetry(inner: Send, { clock, policy, onRetry }: RetryPorts): Send {
  const impatient = { ...policy, mostAttempts: policy.attempts };
  const known = new Set<string>();
  return async (request) => {
    const attempts = new Attempts(clock, known.has(request.host) ? policy : impatient);
    for (;;) {
      const outcome = await tryOnce(() => inner(request));
      if (!outcome.temporary) known.add(request.host);
      if (!outcome.temporary || isStreamBody(request.body)) return outcome.result();
      const wait = attempts.waitAfter({ status: outcome.status, asked: outcome.retryAfter(clock.now()) });
      if (wait === undefined) return outcome.result();
      onRetry(request.host, wait, outcome.why);
      await clock.sleep(wait, request.signal);
    }
  };
}

interface Outcome {
  readonly temporary: boolean;
  readonly status: number | undefined;
  readonly why: string;
  readonly retryAfter: (now: number) => number | undefined;
  readonly result: () => HttpResponse;
}

async function tryOnce(send: () => Promise<HttpResponse>): Promise<Outcome> {
  try {
    const response = await send();
    return {
      temporary: isTemporaryStatus(response.status),
      status: response.status,
      why: `status ${response.status}`,
      retryAfter: (now) => parseRetryAfter(response.headers['retry-after'], now),
      result: () => response,
    };
  } catch (error) {
    return {
      temporary: error instanceof RegistryError && error.temporary,
      status: error instanceof RegistryError ? error.status : undefined,
      why: messageOf(error),
      retryAfter: () => (error instanceof RegistryError ? error.retryAfterMs : undefined),
      result: () => {
        throw error;
      },
    };
  }
}
