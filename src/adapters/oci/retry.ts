import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { type HttpResponse, isStreamBody, type Send } from './http.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface RetryPolicy {
  /** Attempts in all, refusals for want of quota not counted. */
  readonly attempts: number;
  /** Milliseconds from the first attempt for which a host that refuses for want of quota (429) is asked again. */
  readonly patience: number;
  /** Milliseconds that the first wait is at most; it doubles. */
  readonly firstDelay: number;
  /** Milliseconds that a wait of our own choice is at most. What a server asks for is not cut. */
  readonly maxDelay: number;
  /** Milliseconds: a server that asks for more is not waited for, its answer is final. */
  readonly longestWait: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  firstDelay: 250,
  maxDelay: 15_000,
  patience: 10 * 60_000,
  longestWait: 60 * 60_000,
};

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
 * than `Retry-After` asks. After the last attempt the answer is handed on as it is.
 *
 * A body that streams can be sent only once, so such a request is not repeated here: who opened it starts over.
 */
export function withRetry(inner: Send, { clock, policy, onRetry }: RetryPorts): Send {
  return async (request) => {
    const begunAt = clock.now();
    let failures = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await tryOnce(() => inner(request));
      if (!outcome.temporary || isStreamBody(request.body)) return outcome.result();
      if (!outcome.isRefusal) failures += 1;
      const asked = outcome.retryAfter(clock.now()) ?? 0;
      const isOutOfPatience = outcome.isRefusal && clock.now() + asked - begunAt > policy.patience;
      // what a server asks for is waited for, though it be long: once
      const isTooLong = asked > policy.longestWait || (isOutOfPatience && attempt > 1);
      if (failures >= policy.attempts || isTooLong) return outcome.result();
      const backoff = Math.min(policy.maxDelay, policy.firstDelay * 2 ** (attempt - 1)) * clock.random();
      const wait = Math.max(backoff, asked);
      onRetry(request.host, wait, outcome.why);
      await clock.sleep(wait, request.signal);
    }
  };
}

interface Outcome {
  readonly temporary: boolean;
  /** Of a server that is well, but was asked too often. */
  readonly isRefusal: boolean;
  readonly why: string;
  readonly retryAfter: (now: number) => number | undefined;
  readonly result: () => HttpResponse;
}

async function tryOnce(send: () => Promise<HttpResponse>): Promise<Outcome> {
  try {
    const response = await send();
    return {
      temporary: isTemporaryStatus(response.status),
      isRefusal: response.status === 429,
      why: `status ${response.status}`,
      retryAfter: (now) => parseRetryAfter(response.headers['retry-after'], now),
      result: () => response,
    };
  } catch (error) {
    return {
      temporary: error instanceof RegistryError && error.temporary,
      isRefusal: error instanceof RegistryError && error.status === 429,
      why: messageOf(error),
      retryAfter: () => (error instanceof RegistryError ? error.retryAfterMs : undefined),
      result: () => {
        throw error;
      },
    };
  }
}
