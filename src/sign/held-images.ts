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
 * Selects the images that destinations have after the plan was applied; with scope `written`, those that the run wrote.
 * Images with an edge that a check blocked are left out.
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

/** Selects the images that a dry run would copy. */
export function plannedImages({ items }: Plan) {
  const planned = new Set(
    items.filter((item) => isWritable(item)).map((item) => `${item.destination}@${item.digest}`),
  );
  return (repository: Repository, digest: Digest): boolean => planned.has(`${repository}@${digest}`);
}
