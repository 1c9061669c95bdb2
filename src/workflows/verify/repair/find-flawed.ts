import type { Want, Wanted, WantedRepository } from '../../../edges/wanted.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import type { Flaw, Sights } from '../observation.ts';
import type { FlawedImage } from './examination.ts';

export interface Flawed {
  readonly image: FlawedImage;
  readonly flaw: Flaw;
}

/** The images whose name is at a destination, but not all of their content, or nobody could tell. */
export function findFlawed(wanted: Wanted, sights: Sights): readonly Flawed[] {
  return wanted.repositories.flatMap((repository) => flawedIn(repository, sights));
}

function flawedIn({ repository: destination, list }: WantedRepository, sights: Sights): Flawed[] {
  const flaws = sights.get(destination)?.flaws;
  if (flaws === undefined || flaws.size === 0) return [];
  return list.wants.flatMap((want) => {
    const { digest } = want;
    const flaw = flaws.get(digest);
    if (flaw === undefined) return [];
    return [{ image: { destination, digest, sources: sourcesFor(want, destination, sights) }, flaw }];
  });
}

/** The sources of the manifests, then siblings: those that are whole first, of them those of the same host. */
function sourcesFor(want: Want, destination: Repository, sights: Sights): readonly Repository[] {
  const rankOf = (sibling: Repository) =>
    (isWhole(sibling, want, sights) ? 0 : 2) + (hostOf(sibling) === hostOf(destination) ? 0 : 1);
  const siblings = want.siblings.filter((one) => one !== destination && !want.sources.includes(one));
  return [...want.sources, ...siblings.toSorted((a, b) => rankOf(a) - rankOf(b))];
}

function isWhole(sibling: Repository, { digest }: Want, sights: Sights): boolean {
  const sight = sights.get(sibling);
  return sight?.state.kind === 'read' && sight.state.digests.has(digest) && !sight.flaws.has(digest);
}
