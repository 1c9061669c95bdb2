import { edgeId, isWritable } from '../../plan/plan.ts';
import type { RepositoryFactsReader } from '../../ports/repository-facts.ts';
import { readSettings } from '../destination-settings.ts';
import type { PlanRule } from '../rule.ts';

/** Finds destinations in Artifact Registry whose tags every account with write access can move. */
export function destinationImmutable(reader: RepositoryFactsReader): PlanRule {
  return {
    name: 'destination-immutable',
    level: 'off',
    check: async (plan, { report }, signal) => {
      for (const { facts, edges } of await readSettings(plan.items.filter(isWritable), reader, signal)) {
        if (facts.immutableTags || facts.mode !== 'standard') continue;
        report({
          message: `tags of destination ${facts.name} can be moved and deleted`,
          advice: 'enable immutable tags for this repository of Artifact Registry',
          at: undefined,
          edges: edges.map(edgeId),
        });
      }
    },
  };
}
