import type { Wanted, WantedRepository, WantList } from '../../edges/wanted.ts';
import type { Repository } from '../../image/repository.ts';
import { type Front, throughFront } from './mirror.ts';
import type { Sight, Sights } from './observation.ts';

/** One place to look at, for all destinations that it answers for. */
export interface View {
  readonly asked: Repository;
  readonly list: WantList;
  readonly destinations: readonly Repository[];
}

export interface Views {
  readonly views: readonly View[];
  /** Destinations that the front has no name for, so that there is nothing to look at. */
  readonly hidden: Sights;
}

/**
 * Where to look for what is wanted: at each destination, or at the front, where destinations of one name that want the
 * same are one question. Repositories of which nothing is wanted but what is in conflict are left out.
 */
export function makeViews(wanted: Wanted, front: Front | undefined): Views {
  const repositories = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  if (front === undefined) return { views: repositories.map(directView), hidden: new Map() };
  const lists = new Map<Repository, Map<WantList, Repository[]>>();
  const hidden = new Map<Repository, Sight>();
  for (const { repository, list } of repositories) {
    const asked = throughFront(repository, front);
    if (asked === undefined) hidden.set(repository, hiddenFrom(front));
    else addTo(lists, { asked, list, repository });
  }
  const views = Array.from(lists, ([asked, byList]) =>
    Array.from(byList, ([list, destinations]) => ({ asked, list, destinations })),
  );
  return { views: views.flat(), hidden };
}

function directView({ repository, list }: WantedRepository): View {
  return { asked: repository, list, destinations: [repository] };
}

function hiddenFrom({ host, root }: Front): Sight {
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
