import { RegistryError } from '../ports/registry-error.ts';
import { howToHttps } from './connect/bad-request-hint.ts';
import { ExchangeError } from './http1/exchange-error.ts';
import { describeRequest, type HttpRequest } from './request.ts';

/**
 * The error of a response that is not HTTP, which is final, or that broke off, which is temporary. Any other error is
 * returned unchanged.
 */
export function asInvalidResponse(request: HttpRequest, error: unknown): unknown {
  if (!(error instanceof ExchangeError)) return error;
  const asked = describeRequest(request);
  const { host } = request;
  if (error.code === 'broken-off') {
    const fault = { kind: 'unreachable', host, message: error.message } as const;
    return new RegistryError('unreachable', `${asked}: ${error.message}`, {
      temporary: true,
      cause: error,
      fault,
    });
  }
  if (!error.isInvalid) return error;
  const message = `${reasonOf(error)}${hintFor(request, error)}`;
  const fault = { kind: 'unexpected', host, message } as const;
  return new RegistryError('unexpected', `${asked}: ${message}`, { cause: error, fault });
}

function reasonOf({ code, message }: ExchangeError): string {
  return code === 'long-head' ? message : `its answer is not valid HTTP: ${message}`;
}

/** A TLS server answers plain http with an alert record. */
function hintFor({ url, host }: HttpRequest, { code }: ExchangeError): string {
  return code === 'tls' && url.protocol === 'http:' && url.host === host
    ? `; it seems to speak https: ${howToHttps(url)}`
    : '';
}
