import type { Wanted, WantedRepository, WantList } from '../../edges/wanted.ts';
import type { Repository } from '../../image/repository.ts';
import { type Mirror, throughMirror } from './mirror.ts';
import type { Observation, Observations } from './observation.ts';

/** One repository to query, and all destinations that it stands for. */
export interface Target {
  readonly asked: Repository;
  readonly list: WantList;
  readonly destinations: readonly Repository[];
}

export interface Targets {
  readonly targets: readonly Target[];
  /** Destinations outside the root of the mirror, which cannot be queried there. */
  readonly hidden: Observations;
}

/**
 * The repositories to query: each destination, or the mirror, where destinations of one name and the same content need
 * one query. Repositories whose edges are all in conflict are left out.
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
  const reason = `${host} has names only for repositories below ${root}/: verify it without -via`;
  return { asked: undefined, state: { kind: 'unreadable', reason }, flaws: new Map(), unchecked: new Set() };
}

function addTo(
  lists: Map<Repository, Map<WantList, Repository[]>>,
  { asked, list, repository }: { asked: Repository; list: WantList; repository: Repository },
): void {
  const byList = lists.get(asked) ?? new Map<WantList, Repository[]>();
  lists.set(asked, byList);
  byList.set(list, [...(byList.get(list) ?? []), repository]);
}
