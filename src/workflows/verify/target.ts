import type { Wanted, WantedRepository, WantList } from '../../edges/wanted.ts';
import type { Repository } from '../../image/repository.ts';
import { type Mirror, throughMirror } from './mirror.ts';
import type { Observation, Observations } from './observation.ts';

/** One place to look at, for all destinations that it answers for. */
export interface Target {
  readonly asked: Repository;
  readonly list: WantList;
  readonly destinations: readonly Repository[];
}

export interface Targets {
  readonly targets: readonly Target[];
  /** Destinations that the mirror has no name for, so that there is nothing to look at. */
  readonly hidden: Observations;
}

/**
 * Where to look for what is wanted: at each destination, or at the mirror, where destinations of one name that want the
 * same are one question. Repositories of which nothing is wanted but what is in conflict are left out.
 */
export function makeTargets(wanted: Wanted, mirror: Mirror | undefined): Targets {
  const repositories = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  if (mirror === undefined) return { targets: repositories.map(directTarget), hidden: new Map() };
  const lists = new Map<Repository, Map<WantList, Repository[]>>();
  const hidden = new Map<Repository, Observation>();
  for (const { repository, list } of repositories) {
    const asked = throughMirror(repository, mirror);
    if (asked === undefined) hidden.set(repository, hiddenByMirror(mirror));
    else addTo(lists, { asked, list, repository });
  }
  const targets = Array.from(lists, ([asked, byList]) =>
    Array.from(byList, ([list, destinations]) => ({ asked, list, destinations })),
  );
  return { targets: targets.flat(), hidden };
}

function directTarget({ repository, list }: WantedRepository): Target {
  return { asked: repository, list, destinations: [repository] };
}

function hiddenByMirror({ host, root }: Mirror): Observation {
  const reason = `${host} has names only for what is below ${root}/: look at it without -via`;
  return { asked: undefined, state: { kind: 'unreadable', reason }, flaws: new Map(), unseen: new Set() };
}

function addTo(
  lists: Map<Repository, Map<WantList, Repository[]>>,
  { asked, list, repository }: { asked: Repository; list: WantList; repository: Repository },
): void {
  const byList = lists.get(asked) ?? new Map<WantList, Repository[]>();
  lists.set(asked, byList);
  byList.set(list, [...(byList.get(list) ?? []), repository]);
}
