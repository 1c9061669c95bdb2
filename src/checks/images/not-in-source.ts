import { groupBy } from '../../base/maps.ts';
import { countOf, listSome, quote } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import { type ImageName, isWithin, type Repository, repositoryOf } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import { edgeId, type LostItem, type Plan } from '../../plan/plan.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import type { CheckContext, PlanRule } from '../rule.ts';

/** Queries of one run, for all lost digests: enough for a few mistakes among a hundred projects. */
const MAX_QUERIES = 500;

/**
 * Looks for lost digests under the other names of their project, and in the sources of the other projects: a digest that
 * no source has was often copied from another repository.
 */
export function notInSource(
  manifests: readonly PromoterManifest[],
  { level }: Pick<PlanRule, 'level'>,
): PlanRule {
  return {
    name: 'not-in-source',
    level,
    check: async (plan, context, signal) => {
      let left = MAX_QUERIES;
      let skipped = 0;
      for (const [digest, items] of lostDigests(plan)) {
        const all = candidatesFor(items, manifests);
        const candidates = all.slice(0, left);
        if (candidates.length < all.length) skipped += 1;
        left -= candidates.length;
        // oxlint-disable-next-line no-await-in-loop -- the queries that are left depend on the digests before
        const holder = await findHolder(digest, { candidates, context }, signal);
        if (holder !== undefined) context.report(misplaced(digest, { items, holder, manifests }));
      }
      if (skipped === 0) return;
      const message = `${countOf(skipped, 'lost digest')} not queried in all other sources: the limit of a run is ${MAX_QUERIES} queries`;
      context.report({ level: 'warn', message, at: undefined, edges: [] });
    },
  };
}

function lostDigests(plan: Plan): Map<Digest, LostItem[]> {
  const lost = plan.items.filter((item) => item.decision === 'lost');
  return groupBy(lost, ({ digest }) => digest);
}

/** The images of the own project first, then the same name in the sources of the others. */
function candidatesFor(
  items: readonly LostItem[],
  manifests: readonly PromoterManifest[],
): readonly Repository[] {
  const own = new Set(items.flatMap(({ sources }) => sources));
  const projects = manifests.filter(({ source }) =>
    Array.from(own).some((one) => isWithin(one, source.name)),
  );
  const siblings = projects.flatMap(({ source, images }) =>
    images.map(({ name }) => repositoryOf(source.name, name)),
  );
  const names = new Set(
    projects.flatMap(({ source, images }) =>
      images.map(({ name }): ImageName => name).filter((name) => own.has(repositoryOf(source.name, name))),
    ),
  );
  const others = manifests.flatMap(({ source }) =>
    Array.from(names, (name) => repositoryOf(source.name, name)),
  );
  return Array.from(new Set([...siblings, ...others])).filter((one) => !own.has(one));
}

/** The first candidate, in their order, that has the digest. A source that does not answer counts as one without the digest. */
async function findHolder(
  digest: Digest,
  { candidates, context }: { readonly candidates: readonly Repository[]; readonly context: CheckContext },
  signal: AbortSignal,
): Promise<Repository | undefined> {
  const queries = candidates.map(async (repository) => {
    const found = await orUnreadable(context.source.resolve(repository, digest, signal), signal);
    return typeof found === 'string' ? repository : undefined;
  });
  return (await Promise.all(queries)).find((repository) => repository !== undefined);
}

function misplaced(
  digest: Digest,
  {
    items,
    holder,
    manifests,
  }: {
    readonly items: readonly LostItem[];
    readonly holder: Repository;
    readonly manifests: readonly PromoterManifest[];
  },
) {
  const [first] = items;
  const owner = manifests.find(({ source }) => isWithin(holder, source.name));
  const project = owner === undefined ? '' : `, the source of ${quote(owner.file)}`;
  return {
    message: `${digest} is not in ${listSome(first?.sources ?? [])}, but in ${holder}${project}`,
    advice:
      'move the entry to the image or the project that has the digest, or push the image to its own source',
    at: first?.at[0],
    edges: items.map(edgeId),
  };
}
