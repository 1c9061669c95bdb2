import { invalidityOf, isBrokenOff } from '../base/invalid-http.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { howToHttps } from './connect/bad-request-hint.ts';
import { describeRequest, type HttpRequest } from './request.ts';

/** The end of an answer before it was complete: the same request may get all of it. */
const BROKEN_OFF = 'it closed the connection in the middle of its answer';

/**
 * The error of an answer that is not HTTP, which is final, or that broke off, which is temporary; any other error as it
 * is. `isStarted` is true once the headers have arrived.
 */
export function asInvalidResponse(
  request: HttpRequest,
  error: Error,
  { isStarted }: { readonly isStarted: boolean },
): Error {
  const asked = describeRequest(request);
  if (isStarted && isBrokenOff(error)) {
    return new RegistryError('unreachable', `${asked}: ${BROKEN_OFF}`, { temporary: true, cause: error });
  }
  const reason = invalidityOf(error);
  if (reason === undefined) return error;
  return new RegistryError('unexpected', `${asked}: ${reason}${hintFor(request, error)}`, { cause: error });
}

/** A server that speaks TLS answers plain http by the record of an alert. */
function hintFor({ url, host }: HttpRequest, error: Error): string {
  const isTls = 'data' in error && String(error.data).startsWith('\u0015\u0003');
  return isTls && url.protocol === 'http:' && url.host === host
    ? `; it seems to speak https: ${howToHttps(url)}`
    : '';
}
