import { REQUEST_RETRY } from '../../../base/limits-and-retries.ts';
import { oneLine } from '../../../base/text.ts';
import { isTemporaryStatus } from '../../../http/retry-classifier.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { parseRetryAfter } from '../../../http/retry-after.ts';
import { parseErrors, type SpecError } from '../../../http/spec-errors.ts';
import { RegistryError, type RegistryErrorCode } from '../../../ports/registry-error.ts';

/** Ends a request whose answer has none of the expected statuses: throws `RegistryError` with the server's words. */
export function throwResponseError(request: HttpRequest, response: HttpResponse): never {
  throw responseErrorOf(request, response);
}

/** What an answer with none of the expected statuses means. */
export function responseErrorOf(request: HttpRequest, response: HttpResponse): RegistryError {
  const errors = parseErrors(response.body);
  const words = wordsOf(response);
  const said = words === '' ? noWords(request, response.status) : words;
  const retryAfterMs = parseRetryAfter(response.headers);
  return new RegistryError(
    codeOf(response, errors),
    `${describeRequest(request)}: ${whereFrom(request, response)}${response.status}: ${said}${hintOf(response, retryAfterMs)}`,
    {
      status: response.status,
      temporary: isTemporaryStatus(response.status),
      isForeign: response.isForeign ?? false,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
}

/** The reason that a refusal gives, on one line; empty where it gives none. */
export function wordsOf({ body }: Pick<HttpResponse, 'body'>): string {
  const words = parseErrors(body).map(({ code, message }) => (message === '' ? code : `${code}: ${message}`));
  return words.join('; ') || plainText(body);
}

function hintOf({ hint }: HttpResponse, retryAfterMs = 0): string {
  const { longestWait } = REQUEST_RETRY;
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

/** Storage has reasons of its own to refuse. */
function whereFrom(request: HttpRequest, { url }: HttpResponse): string {
  return url.origin === request.url.origin ? '' : `redirected to ${url.origin}: `;
}

function codeOf({ status, isForeign }: HttpResponse, errors: readonly SpecError[]): RegistryErrorCode {
  if (isTemporaryStatus(status)) return 'unavailable';
  if ((status === 401 || status === 403) && isForeign !== true) return 'unauthorized';
  if (errors.some(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN'))
    return 'unknown-blob';
  return status >= 400 && status < 500 ? 'refused' : 'unexpected';
}

/** Bytes of a body that is no JSON which are told. */
const MAX_TEXT_BYTES = 1024;

function plainText(body: Uint8Array): string {
  const beginning = Buffer.from(body.subarray(0, MAX_TEXT_BYTES)).toString('utf8');
  const text = oneLine(beginning.replace(/<[^<>]*>/g, ' '));
  const isCut = text !== '' && body.length > MAX_TEXT_BYTES && !text.endsWith('…');
  return isCut ? `${text}…` : text; // a secret that is cut off is known by the ellipsis
}
