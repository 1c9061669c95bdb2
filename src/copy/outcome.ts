import type { PlanItem } from '../plan/plan.ts';

/** What became of an edge. Those that the plan does not want written are never attempted. */
export type Outcome =
  | { readonly result: 'copied' }
  | { readonly result: 'failed'; readonly reason: string }
  | { readonly result: 'not-attempted'; readonly reason: string };

/** Outcomes by item of the plan; an item that is missing was not attempted. */
export type Outcomes = ReadonlyMap<PlanItem, Outcome>;

export const COPIED: Outcome = { result: 'copied' };

export function failed(reason: string): Outcome {
  return { result: 'failed', reason };
}
