import { compareText } from '../base/sorted.ts';
import { nameOthers } from '../edges/claims.ts';
import type { Conflict, Wanted, WantedRepository } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { SiblingHolders } from '../inventory/sibling-holders.ts';
import { decideEdge, isPresent, type Known } from './decide-edge.ts';
import { countPlan } from './count-plan.ts';
import { isWritable, type Plan, type PlanItem } from './plan.ts';
import { sortItems } from './sort-items.ts';

/**
 * A decision for every edge: (M ∩ S) \ D is copied, M ∩ D left alone, M \ (S ∪ D) lost. Digests that the source lacks
 * and some destination has are copied from there.
 *
 * Pure, and the same for the same input whatever the order of files, entries and answers. Edges that are `present`
 * are counted and not kept, unless `keepPresent` asks for them.
 */
export function makePlan(
  wanted: Wanted,
  inventory: Inventory,
  { keepPresent = false }: { readonly keepPresent?: boolean } = {},
): Plan {
  const draft = new PlanDraft(keepPresent);
  const known = { inventory, holders: new SiblingHolders(wanted, inventory) };
  for (const repository of wanted.repositories) decideRepository(repository, known, draft);
  return draft.finish(inventory);
}

function decideRepository({ repository, list }: WantedRepository, known: Known, draft: PlanDraft): void {
  const state = known.inventory.destinations.get(repository);
  const host = hostOf(repository);
  for (const want of list.wants) {
    for (const { tag, at } of want.tags) {
      // nearly every edge is present: it is counted without becoming an object
      if (draft.skipsPresent && isPresent(state, want.digest, tag)) draft.countPresent(host);
      else draft.add(decideEdge({ destination: repository, want, tag, at }, state, known));
    }
    if (want.tagless === undefined) continue;
    if (draft.skipsPresent && isPresent(state, want.digest, undefined)) draft.countPresent(host);
    else
      draft.add(
        decideEdge({ destination: repository, want, tag: undefined, at: [want.tagless] }, state, known),
      );
  }
  for (const conflict of list.conflicts) {
    for (const item of conflictItems(repository, conflict)) draft.add(item);
  }
}

function conflictItems(destination: Repository, { tag, claims, known = [] }: Conflict): PlanItem[] {
  const own = nameOthers([...claims, ...known]).slice(0, claims.length);
  return own.map(({ claim: { digest, sources, at }, others, moreOthers }) => ({
    decision: 'conflict',
    destination,
    tag,
    digest,
    sources,
    at,
    others,
    moreOthers,
  }));
}

class PlanDraft {
  readonly skipsPresent: boolean;
  readonly #items: PlanItem[] = [];
  readonly #present = new Map<string, number>();

  constructor(keepPresent: boolean) {
    this.skipsPresent = !keepPresent;
  }

  countPresent(host: string): void {
    this.#present.set(host, (this.#present.get(host) ?? 0) + 1);
  }

  add(item: PlanItem): void {
    this.#items.push(item);
  }

  finish(inventory: Inventory): Plan {
    const items = sortItems(this.#items);
    return countPlan(items, { present: this.#present, newRepositories: findNew(items, inventory) });
  }
}

function findNew(items: readonly PlanItem[], inventory: Inventory): readonly Repository[] {
  const isNew = (repository: Repository) => {
    const state = inventory.destinations.get(repository);
    return state?.kind === 'read' && !state.exists;
  };
  const written = new Set(items.filter(isWritable).map(({ destination }) => destination));
  return Array.from(written).filter(isNew).toSorted(compareText);
}

/** The decisions that need no registry: the conflicts. Every other edge is left undecided. */
export function planConflicts(wanted: Wanted): Plan {
  const repositories = wanted.repositories.map(({ repository, list }) => ({
    repository,
    list: { ...list, wants: [] },
  }));
  return makePlan({ repositories, edges: wanted.edges }, { destinations: new Map(), sources: new Map() });
}
