import type { PlanItem } from '../plan/plan.ts';

/** What became of an edge. Those that the plan does not want written are never attempted. */
export type Outcome =
  | { readonly result: 'copied' }
  | { readonly result: 'failed'; readonly reason: string }
  /** The run was stopped before the manifest's turn, though something below it may have been copied. */
  | { readonly result: 'not-attempted'; readonly reason: string };

/** Outcomes by item of the plan; an item that is missing was not attempted. */
export type Outcomes = ReadonlyMap<PlanItem, Outcome>;

export const COPIED: Outcome = { result: 'copied' };

/** Of what was begun, or waited within what was, when the run was stopped. */
export const UNFINISHED: Outcome = {
  result: 'not-attempted',
  reason:
    'the run was stopped before its manifest was written: what was copied of it is not visible, the next run goes on from there',
};

export function failed(reason: string): Outcome {
  return { result: 'failed', reason };
}
