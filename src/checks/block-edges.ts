import { hostOf } from '../image/repository.ts';
import { type EdgeDecision, isWritable, noEdges, type Plan, type PlanItem } from '../plan/plan.ts';
import type { Finding } from './finding.ts';

/** The same plan with the edges blocked that errors concern. Edges that need no write stay as they are. Pure. */
export function blockEdges(plan: Plan, findings: readonly Finding[]): Plan {
  const reasons = reasonsOf(findings);
  if (reasons.size === 0) return plan;
  const counts = { ...plan.counts };
  const hosts = new Map(Array.from(plan.hosts, ([host, edges]) => [host, { ...edges }]));
  const items = plan.items.map((item): PlanItem => {
    const reason = reasons.get(item);
    if (reason === undefined || !isWritable(item)) return item;
    recount(counts, item.decision);
    recount(hosts.get(hostOf(item.destination)) ?? noEdges(), item.decision);
    return { ...item, decision: 'blocked', reason };
  });
  return { ...plan, items, counts, hosts };
}

/** The messages of the errors that concern each edge. */
function reasonsOf(findings: readonly Finding[]): ReadonlyMap<PlanItem, string> {
  const reasons = new Map<PlanItem, string>();
  for (const { rule, level, message, edges } of findings) {
    if (level !== 'error') continue;
    const reason = `${message} [${rule}]`;
    for (const edge of edges) {
      const known = reasons.get(edge);
      reasons.set(edge, known === undefined ? reason : `${known}; ${reason}`);
    }
  }
  return reasons;
}

function recount(counts: Record<EdgeDecision, number>, before: EdgeDecision): void {
  counts[before] -= 1;
  counts.blocked += 1;
}
