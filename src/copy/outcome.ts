import { CodedError, messageOf } from '../base/errors.ts';
import { compareText } from '../base/sorted.ts';
import type { Repository } from '../image/repository.ts';
import type { EdgeId } from '../plan/plan.ts';

/** What became of an edge. Those that the plan does not want written are never attempted. */
export type Outcome =
  /** `siblings` are the destinations that some of its content was read from, because no source had it. */
  | { readonly result: 'copied'; readonly siblings?: readonly Repository[] }
  | { readonly result: 'failed'; readonly reason: string }
  /** The run was stopped before the manifest's turn, though something below it may have been copied. */
  | { readonly result: 'not-attempted'; readonly reason: string };

/** Outcomes by edge; an edge that is missing was not attempted. */
export type Outcomes = ReadonlyMap<EdgeId, Outcome>;

export const COPIED: Outcome = { result: 'copied' };

export function copiedWith(siblings: ReadonlySet<Repository>): Outcome {
  return siblings.size === 0
    ? COPIED
    : { result: 'copied', siblings: Array.from(siblings).toSorted(compareText) };
}

/** Of what was begun, or waited within what was, when the run was stopped; `failure` is what had gone wrong by then. */
export function unfinished(failure: unknown): Outcome {
  const reason =
    'the run was stopped before its manifest was written: what was copied of it is not visible, the next run goes on from there';
  return { result: 'not-attempted', reason: withFailure(reason, failure) };
}

/** Of what was being written when the run was stopped. */
export function abandoned(failure: unknown): Outcome {
  return failed(withFailure('abandoned: the run was stopped', failure));
}

function withFailure(reason: string, failure: unknown): string {
  return failure === undefined ? reason : `${reason}; the last attempt had failed: ${messageOf(failure)}`;
}

export function failed(reason: string): Outcome {
  return { result: 'failed', reason };
}

/**
 * Why a piece of content was not copied, where no registry is to blame.
 *
 * - `missing`  it is at none of its sources
 * - `too-deep` indexes within indexes beyond any use
 * - `blobs-in-index` the registry takes no index that lists blobs
 */
export class CopyError extends CodedError<'missing' | 'too-deep' | 'blobs-in-index'> {}
