import { type Failure, NO_ANSWER } from '../../base/backoff.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Repository } from '../../image/repository.ts';
import { RegistryError, type RegistryErrorCode } from '../../ports/registry-error.ts';
import { SpoolError } from '../../ports/spool.ts';

/** A step of the transfer of a blob. */
export type TransferStep = 'opening' | 'reading' | 'sending';

/** Bytes up to which an interrupted upload begins anew instead of being resumed. */
const MAX_RESTARTED = 512 * 1024;

/** True for the error of a source that did not send the blob after all retries. */
export function isOfSource(error: unknown, step: TransferStep): error is RegistryError {
  return step === 'reading' && error instanceof RegistryError;
}

/**
 * True if another attempt may succeed: a new upload helps against lost sessions, expired tokens, damaged bytes and full
 * disks. Moves the failed source to the end of `sources`, or removes it if it broke off too often.
 */
export function mayTryAgain(
  error: unknown,
  { step, sources }: { readonly step: TransferStep; readonly sources: Repository[] },
): boolean {
  if (error instanceof SpoolError) return true;
  if (!(error instanceof RegistryError) || isLasting(error)) return false;
  if (step === 'opening') return false;
  const [failed] = sources.splice(0, 1);
  if (!isExhausted(error) && failed !== undefined) sources.push(failed);
  return sources.length > 0;
}

/** True without access, and for a read-only registry. Storage that refuses one upload may accept the next. */
function isLasting({ isForeign, status }: RegistryError): boolean {
  return status === 405 || (status === 403 && !isForeign);
}

/** True for an interrupted upload. One that was refused, or had wrong bytes, begins anew. */
export function mayResume({ size }: Descriptor, error: unknown): boolean {
  if (size <= MAX_RESTARTED) return false;
  if (error instanceof SpoolError) return true;
  return error instanceof RegistryError && RESUMABLE.has(error.code);
}

/** `unauthorized`: the token has expired. */
const RESUMABLE: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable', 'unauthorized']);

/** True for a source that broke off too often while the rest of a blob was read. */
function isExhausted(error: RegistryError): boolean {
  return error.code === 'unreachable' && !error.temporary;
}

/** The failure, as the backoff takes it. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof RegistryError)) return NO_ANSWER;
  return { status: error.status, retryAfter: error.retryAfterMs };
}
