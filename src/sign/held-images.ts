import type { Outcomes } from '../copy/outcome.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import { edgeId, isWritable, type Plan } from '../plan/plan.ts';
import type { SignScope } from './signing.ts';

export interface HeldInput {
  readonly plan: Plan;
  readonly outcomes: Outcomes;
  readonly scope: SignScope;
  /** The wanted digests that a repository had when the plan was made. */
  readonly digestsOf: (repository: Repository) => ReadonlySet<Digest> | undefined;
}

/**
 * Which images destinations hold after the plan was applied; of the scope `written` only those that the run has written.
 * An image with an edge that a check has blocked is none of them.
 */
export function heldImages({ plan, outcomes, scope, digestsOf }: HeldInput) {
  const written = new Set<string>();
  const blocked = new Set<string>();
  for (const item of plan.items) {
    const key = `${item.destination}@${item.digest}`;
    if (item.decision === 'blocked') blocked.add(key);
    if (isWritable(item) && outcomes.get(edgeId(item))?.result === 'copied') written.add(key);
  }
  return (repository: Repository, digest: Digest): boolean => {
    const key = `${repository}@${digest}`;
    if (blocked.has(key)) return false;
    return written.has(key) || (scope === 'all' && digestsOf(repository)?.has(digest) === true);
  };
}

/** Which images a dry run would copy. */
export function plannedImages({ items }: Plan) {
  const planned = new Set(
    items.filter((item) => isWritable(item)).map((item) => `${item.destination}@${item.digest}`),
  );
  return (repository: Repository, digest: Digest): boolean => planned.has(`${repository}@${digest}`);
}
