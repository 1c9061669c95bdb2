import type { Wanted } from '../edges/wanted.ts';
import { makePlan } from './make-plan.ts';
import type { Plan } from './plan.ts';

/** What can be decided without asking any registry: the conflicts. Every other edge is left undecided. */
export function planConflicts(wanted: Wanted): Plan {
  const repositories = wanted.repositories.map(({ repository, list }) => ({
    repository,
    list: { ...list, wants: [] },
  }));
  return makePlan({ repositories, edges: wanted.edges }, { destinations: new Map(), sources: new Map() });
}
