import { RegistryError } from '../../ports/registry-error.ts';
import { howToHttps } from './bad-request-hint.ts';
import { describeRequest, type HttpRequest } from './http.ts';

const MAX_HEADER_KIBIBYTES = 256;

/** Bytes of the headers of an answer: Artifact Registry has sent 21 KB. One header may have all but the last KiB. */
export const MAX_HEADER_BYTES = (MAX_HEADER_KIBIBYTES + 1) * 1024;

/** The end of an answer before it was complete: the same request may get all of it. */
const BROKEN_OFF = 'it closed the connection in the middle of its answer';

/**
 * The error of an answer that is not HTTP, which is final, or that broke off, which is temporary; any other error as it
 * is. `isStarted` is true once the headers have arrived.
 */
export function asAnswerError(
  request: HttpRequest,
  error: Error,
  { isStarted }: { readonly isStarted: boolean },
): Error {
  const asked = describeRequest(request);
  if (isStarted && isEarlyEnd(error)) {
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

/** What is wrong with an answer that is not HTTP, in words; undefined for any other error of undici's or node's parser. */
export function invalidityOf(error: Error): string | undefined {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return `the headers of its answer have more than ${MAX_HEADER_KIBIBYTES} KiB`;
  }
  const reason = reasonOf(error, code);
  return reason === undefined ? undefined : `its answer is not valid HTTP: ${reason}`;
}

function reasonOf(error: Error, code: string | undefined): string | undefined {
  // undici names its parser's errors by a code that does not exist, so that they have none
  if (error.name === 'HTTPParserError' || code?.startsWith('HPE_') === true) return parserReason(error);
  return code === 'UND_ERR_SOCKET' ? UNASKED[error.message] : REASONS[code ?? ''];
}

const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its Content-Length contradicts its other headers, or is no number',
  ERR_ASSERTION: 'its status makes no sense',
};

/** `Response does not match the HTTP/1.1 protocol (Invalid header token)`, or node's `Parse Error: Invalid header token`. */
function parserReason({ message }: Error): string {
  const start = message.indexOf('(');
  const isNamed = start !== -1 && message.endsWith(')');
  const reason = isNamed ? message.slice(start + 1, -1) : message.replace(/^Parse Error: /, '');
  if (reason.startsWith('Expected HTTP/')) return 'it does not begin with HTTP/';
  return reason.replace(/^[A-Z](?=[a-z]+ )/, (letter) => letter.toLowerCase());
}

/** What undici calls answers that nobody has asked for. */
const UNASKED: Readonly<Record<string, string>> = {
  'bad response': 'an interim status (100) that was not asked for',
  'bad upgrade': 'it switches to another protocol, which was not asked for',
};

/** Of an answer whose headers have come: its body has another length, or the connection was closed in it. */
function isEarlyEnd(error: Error): boolean {
  const code = codeOf(error);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return true;
  if (code === 'UND_ERR_SOCKET') return UNASKED[error.message] === undefined;
  return error.name === 'HTTPParserError' && error.message.includes('Invalid EOF state');
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
