import { DEFAULT_RETRY } from '../../base/attempts.ts';
import { oneLine } from '../../base/text.ts';
import { RegistryError, type RegistryErrorCode } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';
import { isTemporaryStatus } from './try-once.ts';
import { parseRetryAfter } from './retry-after.ts';
import { parseErrors, type SpecError } from './spec-errors.ts';

/** Ends a request whose answer has none of the expected statuses: throws `RegistryError` with the server's words. */
export function refuseAnswer(request: HttpRequest, response: HttpResponse): never {
  const errors = parseErrors(response.body);
  const words = errors.map(({ code, message }) => `${code}: ${message}`).join('; ') || plainText(response);
  const said = words === '' ? noWords(request, response.status) : words;
  const retryAfterMs = parseRetryAfter(response.headers);
  throw new RegistryError(
    codeOf(response.status, errors),
    `${describeRequest(request)}: ${response.status}: ${said}${hintOf(response, retryAfterMs)}`,
    {
      status: response.status,
      temporary: isTemporaryStatus(response.status),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
}

function hintOf({ hint }: HttpResponse, retryAfterMs = 0): string {
  const { longestWait } = DEFAULT_RETRY;
  const isTooLong = retryAfterMs > longestWait;
  const wait = `it asks to wait ${Math.ceil(retryAfterMs / 1000)} s, and is waited for ${longestWait / 1000} s at most`;
  const hints = [hint, isTooLong ? wait : undefined].filter((one) => one !== undefined);
  return hints.length === 0 ? '' : ` (${hints.join('; ')})`;
}

function noWords(request: HttpRequest, status: number): string {
  return request.method === 'HEAD' && status >= 400
    ? 'no reason given (an answer to HEAD has no body)'
    : 'no reason given';
}

function codeOf(status: number, errors: readonly SpecError[]): RegistryErrorCode {
  if (isTemporaryStatus(status)) return 'unavailable';
  if (status === 401 || status === 403) return 'unauthorized';
  if (errors.some(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN'))
    return 'unknown-blob';
  return status >= 400 && status < 500 ? 'refused' : 'unexpected';
}

function plainText(response: HttpResponse): string {
  return oneLine(
    Buffer.from(response.body.subarray(0, 1024))
      .toString('utf8')
      .replace(/<[^>]*>/g, ' '),
  );
}
