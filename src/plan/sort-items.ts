import { compareText, sortedBy } from '../base/sorted.ts';
import type { Repository } from '../image/repository.ts';
import type { PlanItem } from './plan.ts';

/**
 * Items in the order of their destinations as they are written, `repository:tag` and `repository@digest`; those of one
 * destination by digest.
 */
export function sortItems(items: Iterable<PlanItem>): PlanItem[] {
  // of a name no character sorts between `:` and `@`, so the first of them decides as both do
  const groups = sortedBy(byRepository(items), ([repository]) => `${repository}:`);
  return groups.flatMap(([, group]) => group.toSorted(compareWithin));
}

function byRepository(items: Iterable<PlanItem>): Map<Repository, PlanItem[]> {
  const groups = new Map<Repository, PlanItem[]>();
  for (const item of items) {
    const group = groups.get(item.destination);
    if (group === undefined) groups.set(item.destination, [item]);
    else group.push(item);
  }
  return groups;
}

function compareWithin(a: PlanItem, b: PlanItem): number {
  if (a.tag === undefined || b.tag === undefined) {
    return Number(a.tag === undefined) - Number(b.tag === undefined) || compareText(a.digest, b.digest);
  }
  return compareText(a.tag, b.tag) || compareText(a.digest, b.digest);
}
