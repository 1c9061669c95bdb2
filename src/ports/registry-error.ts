import { CodedError } from '../base/errors.ts';
import type { HostFault } from '../base/host-fault.ts';

/**
 * The reason why a request to a registry failed.
 *
 * - `unreachable`  no connection, a reset, a time limit
 * - `unavailable`  429 or 5xx after every retry
 * - `unauthorized` 401 or 403: no or not enough rights
 * - `misconfigured` the credentials cannot be read on this machine
 * - `unknown-blob` a manifest was refused because content that it names is missing
 * - `refused`      any other 4xx
 * - `mismatch`     bytes that do not match their digest
 * - `moved`        the tag to write is another digest: it is left unchanged
 * - `unexpected`   an answer that the specification does not allow for
 */
export type RegistryErrorCode =
  | 'unreachable'
  | 'unavailable'
  | 'unauthorized'
  | 'misconfigured'
  | 'unknown-blob'
  | 'refused'
  | 'mismatch'
  | 'moved'
  | 'unexpected';

/** The final failure of a request, after retries. The message reads `METHOD url: CODE: message`. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** True when the same request may succeed later: the retry policy asks this and nothing else. */
  readonly temporary: boolean;
  /** True for a refusal of another host, such as storage, after a redirect. */
  readonly isForeign: boolean;
  /** Milliseconds that the server asked to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** The fault of the host. Unset: the failure concerns this request only. */
  readonly fault: HostFault | undefined;

  constructor(
    code: RegistryErrorCode,
    message: string,
    details: {
      status?: number;
      temporary?: boolean;
      isForeign?: boolean;
      retryAfterMs?: number;
      fault?: HostFault | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.temporary = details.temporary ?? false;
    this.isForeign = details.isForeign ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.fault = details.fault ?? hostFaultOf(details.cause);
  }
}

/** The fault of an error or of its `cause`. */
export function hostFaultOf(thrown: unknown): HostFault | undefined {
  if (thrown instanceof RegistryError) return thrown.fault;
  return thrown instanceof Error && thrown.cause !== undefined ? hostFaultOf(thrown.cause) : undefined;
}
