import { CodedError } from '../base/errors.ts';

/**
 * Why a registry did not do what it was asked.
 *
 * - `unreachable`  no connection, a reset, a time limit
 * - `unavailable`  429 or 5xx after every retry
 * - `unauthorized` 401 or 403: no or not enough rights
 * - `unknown-blob` a manifest was refused because content that it names is missing
 * - `refused`      any other 4xx
 * - `mismatch`     bytes that are not what their digest promises
 * - `moved`        a tag that was to be written is another digest: it is left so
 * - `unexpected`   an answer that the specification does not allow for
 */
export type RegistryErrorCode =
  | 'unreachable'
  | 'unavailable'
  | 'unauthorized'
  | 'unknown-blob'
  | 'refused'
  | 'mismatch'
  | 'moved'
  | 'unexpected';

/** An answer (or none) that ends a request, after retries. The message reads `METHOD url: CODE: message`. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** True when the same request may succeed later: the retry policy asks this and nothing else. */
  readonly temporary: boolean;
  /** True where another host has refused, such as storage, that the registry has led to. */
  readonly isForeign: boolean;
  /** Milliseconds that the server asked to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: RegistryErrorCode,
    message: string,
    details: {
      status?: number;
      temporary?: boolean;
      isForeign?: boolean;
      retryAfterMs?: number;
      cause?: unknown;
    } = {},
  ) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.temporary = details.temporary ?? false;
    this.isForeign = details.isForeign ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}
