import type { Want, Wanted, WantedRepository } from '../../../edges/wanted.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import type { Flaw, Observations } from '../observation.ts';
import type { FlawedImage } from './examination.ts';

export interface DamagedImage {
  readonly image: FlawedImage;
  readonly flaw: Flaw;
}

/** The images that exist by name at a destination, but whose content is incomplete or could not be checked. */
export function findDamagedImages(wanted: Wanted, observations: Observations): readonly DamagedImage[] {
  return wanted.repositories.flatMap((repository) => flawedIn(repository, observations));
}

function flawedIn(
  { repository: destination, list }: WantedRepository,
  observations: Observations,
): DamagedImage[] {
  const flaws = observations.get(destination)?.flaws;
  if (flaws === undefined || flaws.size === 0) return [];
  return list.wants.flatMap((want) => {
    const { digest } = want;
    const flaw = flaws.get(digest);
    if (flaw === undefined) return [];
    return [{ image: { destination, digest, sources: sourcesFor(want, destination, observations) }, flaw }];
  });
}

/** The sources of the manifests, then siblings: intact ones first, and among them those on the same host. */
function sourcesFor(want: Want, destination: Repository, observations: Observations): readonly Repository[] {
  const rankOf = (sibling: Repository) =>
    (isWhole(sibling, want, observations) ? 0 : 2) + (hostOf(sibling) === hostOf(destination) ? 0 : 1);
  const siblings = want.siblings.filter((one) => one !== destination && !want.sources.includes(one));
  return [...want.sources, ...siblings.toSorted((a, b) => rankOf(a) - rankOf(b))];
}

function isWhole(sibling: Repository, { digest }: Want, observations: Observations): boolean {
  const observation = observations.get(sibling);
  return (
    observation?.state.kind === 'read' &&
    observation.state.digests.has(digest) &&
    !observation.flaws.has(digest)
  );
}
