import type { Method } from '../request.ts';
import { ExchangeError } from './exchange-error.ts';
import type { AnyMethod } from './response-head.ts';

export interface RequestHead {
  readonly method: AnyMethod;
  /** A path with its query; an absolute URL for a proxy; `host:port` for a tunnel. */
  readonly target: string;
  /** Names in lower case. `host` is among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The request line and the headers, in latin-1. Throws `ExchangeError` for a character that would end a line or that
 * latin-1 does not have.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#name-request-line
 */
export function renderRequestHead({ method, target, headers }: RequestHead): string {
  if (!TARGET.test(target)) throw new ExchangeError('bad-request', 'its URL has an invalid character');
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? '';
    if (!VALUE.test(value) || !NAME.test(name)) {
      throw new ExchangeError('bad-request', `the header ${JSON.stringify(name)} has an invalid character`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

const TARGET = /^[\x21-\x7e]+$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Methods whose requests say that they have no body. */
export const WITH_BODY: ReadonlySet<Method> = new Set<Method>(['POST', 'PUT', 'PATCH']);
