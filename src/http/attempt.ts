import { messageOf } from '../base/errors.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { isImplausible } from './implausible-response.ts';
import { describeRequest, type HttpRequest, type HttpResponse, type Send } from './request.ts';
import { parseRetryAfter } from './retry-after.ts';

/** How one attempt has ended. */
export interface Outcome {
  readonly temporary: boolean;
  readonly impossible: boolean;
  readonly status: number | undefined;
  readonly why: string;
  /** What it would be as an error. */
  readonly failure: unknown;
  readonly retryAfter: (wallTime: number) => number | undefined;
  readonly result: () => HttpResponse;
}

/** Statuses that the same request may not meet again. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTemporaryStatus(status: number): boolean {
  return TEMPORARY.has(status);
}

/** Sends a request once; what is thrown is an outcome like any answer. */
export async function tryOnce(request: HttpRequest, send: Send): Promise<Outcome> {
  try {
    const response = await send(request);
    return {
      temporary: isTemporaryStatus(response.status),
      impossible: isImplausible(request, response),
      status: response.status,
      why: `status ${response.status}`,
      failure: `${describeRequest(request)}: status ${response.status}`,
      retryAfter: (wallTime) => parseRetryAfter(response.headers, wallTime),
      result: () => response,
    };
  } catch (error) {
    return {
      temporary: error instanceof RegistryError && error.temporary,
      // of a token service: what it is asked has no range, and its 401 may lack a challenge
      impossible: error instanceof RegistryError && error.status === 416,
      status: error instanceof RegistryError ? error.status : undefined,
      why: messageOf(error),
      failure: error,
      retryAfter: () => (error instanceof RegistryError ? error.retryAfterMs : undefined),
      result: () => {
        throw error;
      },
    };
  }
}
