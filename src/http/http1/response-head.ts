import type { Method } from '../request.ts';
import { invalid } from './exchange-error.ts';
import { HALF_LINE_END_REASON } from './head-reader.ts';

export type AnyMethod = Method | 'CONNECT';

/** The status line and the headers of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case. The first value of a header that came twice, or all values of a list header. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes of the body, or how it ends. */
  readonly body: number | 'chunked' | 'until-close';
  /** Seconds within which the connection may get another request; 0 if it is closed after the response. */
  readonly keepAlive: number;
}

/** The header fields that decide about the body and the connection. */
interface Framing {
  readonly length: string | undefined;
  readonly coding: string | undefined;
  readonly connection: string | undefined;
  readonly keepAlive: string | undefined;
}

/**
 * Parses the head of a response, without its last line breaks, by the strict rules: what two parsers could read in two
 * ways is refused. Throws `ExchangeError`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#name-message-format
 */
export function parseHead(text: string, method: AnyMethod): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const { version, status } = parseStatusLine(statusLine);
  const headers = parseHeaders(lines);
  const framing = {
    length: headers['content-length'],
    coding: headers['transfer-encoding'],
    connection: headers['connection'],
    keepAlive: headers['keep-alive'],
  };
  const body = bodyOf(framing, { method, status, version });
  return { status, headers, body, keepAlive: body === 'until-close' ? 0 : keepAliveOf(framing, version) };
}

type Version = '1.0' | '1.1';

function parseStatusLine(line: string): { readonly version: Version; readonly status: number } {
  const match = STATUS_LINE.exec(line);
  if (match === null) throw invalid(statusLineFault(line));
  const status = Number(match[2]);
  if (status === 101) throw invalid('it switches to another protocol, which was not asked for');
  return { version: match[1] === '0' ? '1.0' : '1.1', status };
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

function statusLineFault(line: string): string {
  if (!/^HTTP\/1\.[01](?: |$)/.test(line)) return 'its version is not HTTP/1.1 or HTTP/1.0';
  return /^HTTP\/1\.[01] \d{3}(?: |$)/.test(line)
    ? 'its status makes no sense'
    : 'its status is not a number of three digits';
}

function parseHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = HEADER.exec(line);
    if (match === null) throw invalid(headerFault(line));
    const [, name = '', value = ''] = match;
    addHeader(headers, name.toLowerCase(), trim(value));
  }
  return headers;
}

function addHeader(headers: Record<string, string>, name: string, value: string): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (LISTS.has(name)) headers[name] = `${before}, ${value}`;
  else if (name === 'content-length') throw invalid('it has more than one Content-Length');
}

const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
const LISTS: ReadonlySet<string> = new Set(['www-authenticate', 'link', 'transfer-encoding', 'connection']);

function headerFault(line: string): string {
  if (/[\r\n]/.test(line)) return HALF_LINE_END_REASON;
  if (/^[\t ]/.test(line)) return 'a header begins with white space';
  const colon = line.indexOf(':');
  if (colon === -1) return 'a header has no colon';
  return HEADER.test(`${line.slice(0, colon)}:`)
    ? 'a header has a control character'
    : 'the name of a header has an invalid character';
}

/** Removes spaces and tabs from both ends. A regular expression takes quadratic time for that. */
function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (isBlank(value[start])) start++;
  while (end > start && isBlank(value[end - 1])) end--;
  return value.slice(start, end);
}

function isBlank(letter: string | undefined): boolean {
  return letter === ' ' || letter === '\t';
}

/** Throws `ExchangeError` if the length is unclear. @see https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length */
function bodyOf(
  { length, coding }: Framing,
  {
    method,
    status,
    version,
  }: { readonly method: AnyMethod; readonly status: number; readonly version: Version },
): ResponseHead['body'] {
  if (length !== undefined && coding !== undefined)
    throw invalid('it has both Content-Length and Transfer-Encoding');
  if (length !== undefined && !(/^\d+$/.test(length) && Number.isSafeInteger(Number(length))))
    throw invalid('its Content-Length is not a number of bytes');
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || version === '1.0'))
    throw invalid('its Transfer-Encoding is not "chunked"');
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  if (method === 'CONNECT' && status < 300) return 0; // a tunnel follows
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'until-close' : Number(length);
}

/**
 * Seconds. `Keep-Alive: timeout=N` is of RFC 2068.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#name-persistence
 */
function keepAliveOf({ connection = '', keepAlive = '' }: Framing, version: Version): number {
  const options = connection.toLowerCase().split(/[\t ,]+/);
  if (options.includes('close') || (version === '1.0' && !options.includes('keep-alive'))) return 0;
  const seconds = /\btimeout=(\d{1,6})\b/i.exec(keepAlive)?.[1];
  return seconds === undefined ? Infinity : Math.max(0, Number(seconds) - MARGIN);
}

/** Seconds before the announced timeout of a server in which no request is sent: it would arrive too late. */
const MARGIN = 2;
