import { compareText, sortedBy } from '../base/sorted.ts';
import type { Want, Wanted, WantedRepository, WantList } from '../edges/wanted.ts';
import { edgesOf } from '../edges/want-list.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { countPlan, presentOf } from './count-plan.ts';
import { makePlan } from './make-plan.ts';
import { isWritable, type Plan, type PlanItem, type WritableItem } from './plan.ts';
import { sortItems } from './sort-items.ts';

/** An inventory that was read for the edges that a plan wants written. */
export interface Reread {
  readonly wanted: Wanted;
  readonly inventory: Inventory;
  /** Whether edges that are present by now become items. */
  readonly keepPresent: boolean;
}

/**
 * The items of a plan, decided anew where they want a write: by now such an edge may be present, a tag move, lost or
 * unreadable. All others stay as they were when the plan was made, whatever the registries hold by now.
 */
export function refreshPlan(items: readonly PlanItem[], { wanted, inventory, keepPresent }: Reread): Plan {
  const fresh = makePlan(wanted, inventory, { keepPresent });
  const settled = items.filter((item) => !isWritable(item));
  return countPlan(sortItems([...settled, ...fresh.items]), {
    present: keepPresent ? [] : presentOf(fresh),
    newRepositories: fresh.newRepositories,
  });
}

/**
 * The edges that a plan wants written, to be read and decided anew: no others, and from no other repositories than the
 * plan names. Repositories that want the same images share one list.
 */
export function wantedByPlan(items: readonly PlanItem[]): Wanted {
  const lists = new SharedLists();
  const repositories: WantedRepository[] = [];
  for (const [repository, writable] of groupByRepository(items)) {
    repositories.push({ repository, list: lists.of(writable) });
  }
  repositories.sort((a, b) => compareText(a.repository, b.repository));
  return { repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

function groupByRepository(items: readonly PlanItem[]): Map<Repository, WritableItem[]> {
  const groups = new Map<Repository, WritableItem[]>();
  for (const item of items) {
    if (!isWritable(item)) continue;
    const group = groups.get(item.destination);
    if (group === undefined) groups.set(item.destination, [item]);
    else group.push(item);
  }
  return groups;
}

/** A decoded plan shares places and lists of repositories between items that differ in their destination alone. */
class SharedLists {
  readonly #numbers = new Map<unknown, number>();
  readonly #lists = new Map<string, WantList>();

  of(items: readonly WritableItem[]): WantList {
    const key = items.map((item) => this.#keyOf(item)).join('\n');
    const list = this.#lists.get(key) ?? makeList(items);
    this.#lists.set(key, list);
    return list;
  }

  #keyOf({ digest, tag, sources, siblings, at }: WritableItem): string {
    return [digest, tag ?? '', ...[sources, siblings, at].map((shared) => this.#numberOf(shared))].join(' ');
  }

  #numberOf(shared: unknown): number {
    const number = this.#numbers.get(shared) ?? this.#numbers.size;
    this.#numbers.set(shared, number);
    return number;
  }
}

function makeList(items: readonly WritableItem[]): WantList {
  const byDigest = new Map<Digest, WritableItem[]>();
  for (const item of items) {
    const same = byDigest.get(item.digest);
    if (same === undefined) byDigest.set(item.digest, [item]);
    else same.push(item);
  }
  const wants = Array.from(
    sortedBy(byDigest, ([digest]) => digest),
    ([digest, same]) => makeWant(digest, same),
  );
  return { wants, conflicts: [], edges: wants.reduce((sum, want) => sum + edgesOf(want), 0) };
}

function makeWant(digest: Digest, items: readonly WritableItem[]): Want {
  const tags = items.flatMap(({ tag, at }) => (tag === undefined ? [] : [{ tag, at }]));
  return {
    digest,
    tags: tags.toSorted((a, b) => compareText(a.tag, b.tag)),
    tagless: items.find(({ tag }) => tag === undefined)?.at[0],
    sources: union(items.map(({ sources }) => sources)),
    siblings: union(items.map(({ siblings }) => siblings)),
  };
}

function union(lists: readonly (readonly Repository[])[]): readonly Repository[] {
  const [first = []] = lists;
  return lists.every((list) => list === first) ? first : Array.from(new Set(lists.flat()));
}
