import { CodedError, messageOf } from '../base/errors.ts';
import type { HostFault } from '../base/host-fault.ts';
import { compareText } from '../base/sorted.ts';
import type { Repository } from '../image/repository.ts';
import type { EdgeId } from '../plan/plan.ts';

/** The outcome of an edge. Edges that the plan does not write are never attempted. */
export type Outcome =
  /** `siblings` are the destinations that content was read from because no source had it. */
  | { readonly result: 'copied'; readonly siblings?: readonly Repository[] }
  | { readonly result: 'failed'; readonly reason: string; readonly fault?: HostFault | undefined }
  /** The run was stopped before the manifest was written. Some of its content may have been copied. */
  | { readonly result: 'not-attempted'; readonly reason: string };

/** Outcomes by edge. An edge without an outcome was not attempted. */
export type Outcomes = ReadonlyMap<EdgeId, Outcome>;

export const COPIED: Outcome = { result: 'copied' };

export function copiedWith(siblings: ReadonlySet<Repository>): Outcome {
  return siblings.size === 0
    ? COPIED
    : { result: 'copied', siblings: Array.from(siblings).toSorted(compareText) };
}

/** Of an edge whose copy was started when the run was stopped. `failure` is its last error, if it had one. */
export function unfinished(failure: unknown): Outcome {
  const reason =
    'the run was stopped before its manifest was written: what was copied of it is not visible, the next run goes on from there';
  return { result: 'not-attempted', reason: withFailure(reason, failure) };
}

/** Of an edge whose manifest was being written when the run was stopped. */
export function abandoned(failure: unknown): Outcome {
  return failed(withFailure('abandoned: the run was stopped', failure));
}

function withFailure(reason: string, failure: unknown): string {
  return failure === undefined ? reason : `${reason}; the last attempt had failed: ${messageOf(failure)}`;
}

/** `fault` is the fault of the host, if it has caused the failure. */
export function failed(reason: string, fault?: HostFault): Outcome {
  return { result: 'failed', reason, ...(fault !== undefined && { fault }) };
}

/**
 * A manifest or blob was not copied.
 *
 * - `missing`  no source has it
 * - `too-deep` indexes are nested too deep
 * - `blobs-in-index` the registry takes no index that lists blobs
 * - `attachments` a registry failed while signatures and other attachments were copied
 */
export class CopyError extends CodedError<'missing' | 'too-deep' | 'blobs-in-index' | 'attachments'> {}

/** The attachments of an image cannot be read or written. */
export class AttachmentsError extends CopyError {
  /** The failure without the words of a promotion. */
  readonly reason: string;

  constructor(reason: string, options?: { readonly cause: unknown }) {
    const advice = '-carry=none promotes without attachments';
    super('attachments', `attachments not copied: ${reason} (${advice})`, options);
    this.reason = reason;
  }
}
