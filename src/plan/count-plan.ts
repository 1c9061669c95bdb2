import { compareText } from '../base/sorted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { EDGE_DECISIONS, type EdgeDecision, noEdges, type Plan, type PlanItem } from './plan.ts';

/** The parts of a plan that its items do not show. */
export interface Uncounted {
  /** Edges that are present and have no item, by host. */
  readonly present: Iterable<readonly [host: string, edges: number]>;
  readonly newRepositories: readonly Repository[];
}

/** The plan of some items, which are sorted, with its counts. */
export function countPlan(items: readonly PlanItem[], { present, newRepositories }: Uncounted): Plan {
  const byHost = new Map<string, Record<EdgeDecision, number>>();
  const countsOf = (host: string) => {
    const counts = byHost.get(host) ?? noEdges();
    byHost.set(host, counts);
    return counts;
  };
  for (const [host, edges] of present) countsOf(host).present += edges;
  for (const { destination, decision } of items) countsOf(hostOf(destination))[decision] += 1;
  const counts = noEdges();
  for (const host of byHost.values()) for (const name of EDGE_DECISIONS) counts[name] += host[name];
  const hosts = Object.fromEntries(Array.from(byHost).toSorted(([a], [b]) => compareText(a, b)));
  return { items, counts, hosts, newRepositories };
}

/** Edges that are present, by host; hosts without any are left out. */
export function presentOf({ hosts }: Plan): readonly (readonly [host: string, edges: number])[] {
  return Object.entries(hosts).flatMap(([host, { present }]) =>
    present > 0 ? [[host, present] as const] : [],
  );
}
