import { hostOf } from '../image/repository.ts';
import {
  type EdgeDecision,
  type EdgeId,
  edgeId,
  isWritable,
  noEdges,
  type Plan,
  type PlanItem,
} from '../plan/plan.ts';
import type { Finding } from './rule.ts';

/** Returns the plan with the edges of errors blocked. Edges that need no write stay as they are. Pure. */
export function blockEdges(plan: Plan, findings: readonly Finding[]): Plan {
  const reasons = reasonsOf(findings);
  if (reasons.size === 0) return plan;
  const counts = { ...plan.counts };
  const hosts = Object.fromEntries(Object.entries(plan.hosts).map(([host, edges]) => [host, { ...edges }]));
  const items = plan.items.map((item): PlanItem => {
    const reason = isWritable(item) ? reasons.get(edgeId(item)) : undefined;
    if (reason === undefined) return item;
    recount(counts, item.decision);
    recount(hosts[hostOf(item.destination)] ?? noEdges(), item.decision);
    const { destination, tag, digest, sources, at } = item;
    return { decision: 'blocked', destination, tag, digest, sources, at, reason };
  });
  return { ...plan, items, counts, hosts };
}

/** The messages of the errors of each edge. */
function reasonsOf(findings: readonly Finding[]): ReadonlyMap<EdgeId, string> {
  const reasons = new Map<EdgeId, string>();
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
