import { CodedError } from '../../base/errors.ts';

/**
 * - `not-http`        the response does not begin with `HTTP/`
 * - `tls`             it begins like a record of TLS
 * - `invalid`         it breaks the rules of HTTP/1.1
 * - `long-head`       the headers of it and of its interim responses are too long
 * - `unanswered`      the connection was closed before the headers of the response were complete
 * - `broken-off`      it was closed in the body
 * - `silent`          no response began in time
 * - `stalled`         the body stopped
 * - `slow-connection` the connection, TLS included, took too long
 * - `body-size`       the request's body has another size than its Content-Length
 * - `bad-request`     a header of the request cannot be sent
 * - `closed`          the client itself is closed
 */
export type ExchangeErrorCode =
  | 'not-http'
  | 'tls'
  | 'invalid'
  | 'long-head'
  | 'unanswered'
  | 'broken-off'
  | 'silent'
  | 'stalled'
  | 'slow-connection'
  | 'body-size'
  | 'bad-request'
  | 'closed';

/** A request without a response, or with one that is invalid or incomplete. The message is only the reason. */
export class ExchangeError extends CodedError<ExchangeErrorCode> {
  /** True if the same request may succeed later. */
  get temporary(): boolean {
    return TEMPORARY.has(this.code);
  }

  /** True for a response that cannot be read as HTTP. */
  get isInvalid(): boolean {
    return INVALID.has(this.code);
  }
}

const TEMPORARY: ReadonlySet<ExchangeErrorCode> = new Set([
  'unanswered',
  'broken-off',
  'silent',
  'stalled',
  'slow-connection',
]);

const INVALID: ReadonlySet<ExchangeErrorCode> = new Set(['not-http', 'tls', 'invalid', 'long-head']);

/** The error of a connection that was closed before the headers of the response were complete. */
export function unanswered(): ExchangeError {
  return new ExchangeError('unanswered', 'it closed the connection without an answer');
}

/** The error of a response that breaks the rules of HTTP/1.1. */
export function invalid(reason: string): ExchangeError {
  return new ExchangeError('invalid', reason);
}
