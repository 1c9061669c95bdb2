import type { Digest } from '../../../image/digest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { Flaw, Observations } from '../observation.ts';
import type { Repairs } from './repair.ts';

/** The observations with the flaws that are left. Pure. */
export function withRepairs(observations: Observations, { repairs }: Repairs): Observations {
  const changed = new Map<Repository, Map<Digest, Flaw>>();
  for (const { image, flaw } of repairs) {
    const { destination, digest } = image;
    const flaws = changed.get(destination) ?? new Map(observations.get(destination)?.flaws);
    changed.set(destination, flaws);
    if (flaw === undefined) flaws.delete(digest);
    else flaws.set(digest, flaw);
  }
  return new Map(
    Array.from(observations, ([repository, observation]) => {
      return [repository, { ...observation, flaws: changed.get(repository) ?? observation.flaws }];
    }),
  );
}
