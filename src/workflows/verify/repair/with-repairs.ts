import type { Digest } from '../../../image/digest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { Flaw, Sights } from '../observation.ts';
import type { Repairs } from './repair.ts';

/** The sights with what is left of their flaws. Pure. */
export function withRepairs(sights: Sights, { repairs }: Repairs): Sights {
  const changed = new Map<Repository, Map<Digest, Flaw>>();
  for (const { image, flaw } of repairs) {
    const { destination, digest } = image;
    const flaws = changed.get(destination) ?? new Map(sights.get(destination)?.flaws);
    changed.set(destination, flaws);
    if (flaw === undefined) flaws.delete(digest);
    else flaws.set(digest, flaw);
  }
  return new Map(
    Array.from(sights, ([repository, sight]) => {
      return [repository, { ...sight, flaws: changed.get(repository) ?? sight.flaws }];
    }),
  );
}
