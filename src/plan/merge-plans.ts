import { compareText } from '../base/sorted.ts';
import type { Repository } from '../image/repository.ts';
import { EDGE_DECISIONS, type EdgeDecision, noEdges, type Plan } from './plan.ts';
import { sortItems } from './sort-items.ts';

/** One plan of the plans of parts that have no repository in common. */
export function mergePlans(plans: readonly Plan[]): Plan {
  const hosts = new Map<string, Record<EdgeDecision, number>>();
  const counts = noEdges();
  for (const [host, more] of plans.flatMap((plan) => Array.from(plan.hosts))) {
    const sum = hosts.get(host) ?? noEdges();
    hosts.set(host, sum);
    for (const decision of EDGE_DECISIONS) {
      sum[decision] += more[decision];
      counts[decision] += more[decision];
    }
  }
  return {
    version: 1,
    items: sortItems(plans.flatMap(({ items }) => items)),
    counts,
    hosts: new Map(Array.from(hosts).toSorted(([a], [b]) => compareText(a, b))),
    newRepositories: new Set(plans.flatMap((plan) => Array.from<Repository>(plan.newRepositories))),
  };
}
