import { invalidityOf, isBrokenOff } from '../base/invalid-http.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { howToHttps } from './connect/bad-request-hint.ts';
import { describeRequest, type HttpRequest } from './request.ts';

/** A response that ended before it was complete: a retry may get all of it. */
const BROKEN_OFF = 'it closed the connection in the middle of its answer';

/**
 * The error of a response that is not HTTP, which is final, or that broke off, which is temporary. Any other error is
 * returned unchanged. `isStarted` is true once the headers have arrived.
 */
export function asInvalidResponse(
  request: HttpRequest,
  error: Error,
  { isStarted }: { readonly isStarted: boolean },
): Error {
  const asked = describeRequest(request);
  if (isStarted && isBrokenOff(error)) {
    const fault = { kind: 'unreachable', host: request.host, message: BROKEN_OFF } as const;
    return new RegistryError('unreachable', `${asked}: ${BROKEN_OFF}`, {
      temporary: true,
      cause: error,
      fault,
    });
  }
  const reason = invalidityOf(error);
  if (reason === undefined) return error;
  return new RegistryError('unexpected', `${asked}: ${reason}${hintFor(request, error)}`, { cause: error });
}

/** A TLS server answers plain http with an alert record. */
function hintFor({ url, host }: HttpRequest, error: Error): string {
  const isTls = 'data' in error && String(error.data).startsWith('\u0015\u0003');
  return isTls && url.protocol === 'http:' && url.host === host
    ? `; it seems to speak https: ${howToHttps(url)}`
    : '';
}
