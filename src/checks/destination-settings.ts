import { getOrMake, groupBy } from '../base/maps.ts';
import type { RegistryName } from '../image/repository.ts';
import { edgeId, isWritable, type PlanItem } from '../plan/plan.ts';
import type { RepositoryFacts, RepositoryFactsReader } from '../ports/repository-facts.ts';
import type { Found, PlanRule } from './rule.ts';

/**
 * Blocks edges to repositories that refuse uploads, and warns of repositories whose cleanup policies delete images. Only
 * destinations with an edge to write are read.
 */
export function destinationSettings(reader: RepositoryFactsReader): PlanRule {
  const warned = new Set<RegistryName>();
  return {
    name: 'destination-settings',
    level: 'error',
    check: async (plan, { report }, signal) => {
      for (const { facts, edges } of await readSettings(plan.items.filter(isWritable), reader, signal)) {
        const reason = reasonAgainst(facts);
        if (reason !== undefined) report(blocked(facts, { reason, edges }));
        else if (facts.cleanupPolicies.length > 0 && !warned.has(facts.name)) report(deleting(facts));
        warned.add(facts.name);
      }
    },
  };
}

interface Destination {
  readonly facts: RepositoryFacts;
  readonly edges: PlanItem[];
}

/** The repositories with settings, sorted by name. */
export async function readSettings(
  items: readonly PlanItem[],
  reader: RepositoryFactsReader,
  signal: AbortSignal,
): Promise<readonly Destination[]> {
  const found = new Map<RegistryName, Destination>();
  const byRepository = groupBy(items, ({ destination }) => destination);
  const reading = Array.from(byRepository, async ([repository, edges]) => {
    const facts = await reader.factsOf(repository, signal);
    if (facts === undefined) return;
    const destination = getOrMake(found, facts.name, (): Destination => ({ facts, edges: [] }));
    for (const edge of edges) destination.edges.push(edge);
  });
  await Promise.all(reading);
  return Array.from(found.values()).toSorted((a, b) => (a.facts.name < b.facts.name ? -1 : 1));
}

function reasonAgainst({ mode, format }: RepositoryFacts): string | undefined {
  if (mode === 'virtual') return 'is a virtual repository, which accepts no uploads';
  if (mode === 'remote') return 'is a remote repository, a cache that accepts no uploads';
  return format === 'docker' ? undefined : `has the format ${format || 'unknown'}, which accepts no images`;
}

function blocked(
  { name }: RepositoryFacts,
  { reason, edges }: { readonly reason: string; readonly edges: readonly PlanItem[] },
): Found {
  const advice = 'promote to a standard repository with the format docker';
  return {
    message: `destination ${name} ${reason}`,
    advice,
    at: undefined,
    edges: edges.map(edgeId),
  };
}

function deleting({ name, cleanupPolicies }: RepositoryFacts): Found {
  return {
    level: 'warn',
    message: `destination ${name} deletes images by its cleanup policies: ${cleanupPolicies.join(', ')}`,
    advice: 'check that they keep promoted images; cip verify shows missing ones',
    at: undefined,
    edges: [],
  };
}
