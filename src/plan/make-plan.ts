import { compareText } from '../base/sorted.ts';
import type { Conflict, Wanted, WantedRepository } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { DestinationState, Inventory } from '../inventory/inventory.ts';
import { decideEdge, type Edge, isPresent } from './decide-edge.ts';
import { EDGE_DECISIONS, type EdgeDecision, type Plan, type PlanItem } from './plan.ts';

/**
 * A decision for every edge: (M ∩ S) \ D is copied, M ∩ D left alone, M \ (S ∪ D) lost.
 *
 * Pure, and the same for the same input whatever the order of files, entries and answers. Edges that are `present`
 * are counted and not kept, unless `keepPresent` asks for them.
 */
export function makePlan(wanted: Wanted, inventory: Inventory, options = { keepPresent: false }): Plan {
  const draft = new PlanDraft(options.keepPresent);
  for (const repository of wanted.repositories) decideRepository(repository, inventory, draft);
  return draft.finish();
}

function decideRepository({ repository, list }: WantedRepository, inventory: Inventory, draft: PlanDraft): void {
  const state = inventory.destinations.get(repository);
  for (const want of list.wants) {
    for (const { tag, at } of want.tags) draft.decide({ destination: repository, want, tag, at }, state, inventory);
    if (want.tagless === undefined) continue;
    draft.decide({ destination: repository, want, tag: undefined, at: [want.tagless] }, state, inventory);
  }
  for (const conflict of list.conflicts) {
    for (const item of conflictItems(repository, conflict)) draft.add(item);
  }
}

function conflictItems(destination: Repository, { tag, claims }: Conflict): PlanItem[] {
  return claims.map(({ digest, sources, at }) => ({
    decision: 'conflict',
    destination,
    tag,
    digest,
    sources,
    at,
    others: claims.filter((other) => other.digest !== digest).map((other) => ({ digest: other.digest, at: other.at })),
  }));
}

class PlanDraft {
  readonly #keepPresent: boolean;
  readonly #items: PlanItem[] = [];
  readonly #hosts = new Map<string, Record<EdgeDecision, number>>();

  constructor(keepPresent: boolean) {
    this.#keepPresent = keepPresent;
  }

  decide(edge: Edge, state: DestinationState | undefined, inventory: Inventory): void {
    if (!this.#keepPresent && state?.kind === 'read' && isPresent(edge, state)) {
      this.#count(edge.destination, 'present');
    } else {
      this.add(decideEdge(edge, state, inventory));
    }
  }

  add(item: PlanItem): void {
    this.#count(item.destination, item.decision);
    this.#items.push(item);
  }

  finish(): Plan {
    const hosts = new Map(Array.from(this.#hosts).sort(([a], [b]) => compareText(a, b)));
    const counts = noCounts();
    for (const host of hosts.values()) for (const decision of EDGE_DECISIONS) counts[decision] += host[decision];
    return { version: 1, items: this.#items.sort(compareItems), counts, hosts };
  }

  #count(destination: Repository, decision: EdgeDecision): void {
    const host = hostOf(destination);
    const counts = this.#hosts.get(host) ?? noCounts();
    counts[decision] += 1;
    this.#hosts.set(host, counts);
  }
}

function noCounts(): Record<EdgeDecision, number> {
  return { present: 0, copy: 0, 'add-tag': 0, 'tag-move': 0, lost: 0, conflict: 0, unreadable: 0 };
}

function compareItems(a: PlanItem, b: PlanItem): number {
  return (
    compareText(a.destination, b.destination) || compareText(a.tag ?? '', b.tag ?? '') || compareText(a.digest, b.digest)
  );
}
