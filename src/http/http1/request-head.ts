import { ExchangeError } from './exchange-error.ts';
import type { AnyMethod } from './response-head.ts';

export interface RequestHead {
  readonly method: AnyMethod;
  /** A path with its query; an absolute URL for a proxy; `host:port` for a tunnel. */
  readonly target: string;
  /** Names in lower case, `host` among them. A `content-length` is ignored: `length` is sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body. Unset: there is no body, and no Content-Length. */
  readonly length?: number | undefined;
}

/**
 * The request line and the headers, as text of latin-1 characters. Throws `ExchangeError` for a character that would end
 * a line or is not in latin-1, and for a Transfer-Encoding.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#name-request-line
 */
export function renderRequestHead({ method, target, headers, length }: RequestHead): string {
  if (!TARGET.test(target)) throw new ExchangeError('bad-request', 'its URL has an invalid character');
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const name of Object.keys(headers)) {
    if (name === 'content-length') continue;
    const value = headers[name] ?? '';
    if (!VALUE.test(value) || !NAME.test(name) || name === 'transfer-encoding') {
      throw new ExchangeError('bad-request', `the header ${JSON.stringify(name)} cannot be sent`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return length === undefined ? `${text}\r\n` : `${text}content-length: ${length}\r\n\r\n`;
}

const TARGET = /^[\x21-\x7e]+$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
