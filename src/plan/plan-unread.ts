import type { Wanted } from '../edges/wanted.ts';
import type { Repository } from '../image/repository.ts';
import type { DestinationState } from '../inventory/inventory.ts';
import { makePlan } from './make-plan.ts';
import type { Plan } from './plan.ts';

/**
 * What can be said of edges that a stopped run has not come to: the conflicts, and of every other why its destination,
 * as far as that has been `met`, did not answer, or that nobody looked.
 */
export function planUnread(wanted: Wanted, met: ReadonlyMap<Repository, DestinationState> = new Map()): Plan {
  const destinations = new Map(
    wanted.repositories.map(({ repository }) => {
      const state = met.get(repository);
      return [repository, state?.kind === 'unreadable' ? state : NOT_LOOKED_AT];
    }),
  );
  return makePlan(wanted, { destinations, sources: new Map() });
}

const NOT_LOOKED_AT: DestinationState = {
  kind: 'unreadable',
  reason: 'not looked at, because the run was stopped before',
};
