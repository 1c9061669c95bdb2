import { REQUEST_RETRY } from '../../../base/limits-and-retries.ts';
import type { HostFault } from '../../../base/host-fault.ts';
import { oneLine } from '../../../base/text.ts';
import { isTemporaryStatus, serverFaultOf } from '../../../http/retry-classifier.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { parseRetryAfter } from '../../../http/retry-after.ts';
import { parseErrors, type SpecError } from '../../../http/spec-errors.ts';
import { nameOf } from './endpoint.ts';
import { RegistryError, type RegistryErrorCode } from '../../../ports/registry-error.ts';

/** An error about a request: its message begins with the method and the URL. */
export function requestError(
  request: HttpRequest,
  code: RegistryErrorCode,
  message: string,
  details: ConstructorParameters<typeof RegistryError>[2] = {},
): RegistryError {
  const fault =
    details.fault ?? (code === 'unexpected' ? { kind: code, ...subjectOf(request), message } : undefined);
  return new RegistryError(code, `${describeRequest(request)}: ${message}`, { ...details, fault });
}

/** Throws the `RegistryError` of a response with an unexpected status. */
export function throwResponseError(request: HttpRequest, response: HttpResponse): never {
  throw responseErrorOf(request, response);
}

/** The error of a response with an unexpected status, with the words of the server. */
export function responseErrorOf(request: HttpRequest, response: HttpResponse): RegistryError {
  const errors = parseErrors(response.body);
  const words = wordsOf(response);
  const said = words === '' ? noWords(request, response.status) : words;
  const retryAfterMs = parseRetryAfter(response.headers);
  const message = `${whereFrom(request, response)}${response.status}: ${said}`;
  const code = codeOf(response, errors);
  return requestError(request, code, `${message}${hintOf(response, retryAfterMs)}`, {
    fault: faultOf(request, { response, code, message }),
    status: response.status,
    temporary: isTemporaryStatus(response.status),
    isForeign: response.isForeign ?? false,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** The reason of a refusal, on one line; empty if it has none. */
export function wordsOf({ body }: Pick<HttpResponse, 'body'>): string {
  const words = parseErrors(body).map(({ code, message }) => (message === '' ? code : `${code}: ${message}`));
  return words.join('; ') || plainText(body);
}

/** A refusal without an authentication challenge is a missing right. */
function faultOf(
  request: HttpRequest,
  { response, code, message }: { response: HttpResponse; code: RegistryErrorCode; message: string },
): HostFault | undefined {
  const common = { ...subjectOf(request), message };
  if (response.identityFault !== undefined) return { ...response.identityFault, ...common };
  const kind = serverFaultOf(response.status);
  if (kind !== undefined) return { kind, ...common };
  if (code === 'unauthorized') return { kind: 'right', ...common };
  return code === 'refused' || code === 'unexpected' ? { kind: code, ...common } : undefined;
}

function subjectOf({ host, repository }: HttpRequest): Pick<HostFault, 'host' | 'repository'> {
  return { host, repository: nameOf(repository) };
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

/** The origin of the answer, if a redirect led to it. */
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

/** The most that is quoted of a body without JSON. */
const MAX_TEXT_BYTES = 1024;

function plainText(body: Uint8Array): string {
  const beginning = Buffer.from(body.subarray(0, MAX_TEXT_BYTES)).toString('utf8');
  const text = oneLine(beginning.replace(/<[^<>]*>/g, ' '));
  const isCut = text !== '' && body.length > MAX_TEXT_BYTES && !text.endsWith('…');
  return isCut ? `${text}…` : text; // a secret that is cut off is known by the ellipsis
}
