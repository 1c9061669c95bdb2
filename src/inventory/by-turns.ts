import type { WantedRepository } from '../edges/wanted.ts';
import { hostOf } from '../image/repository.ts';

/**
 * The repositories of each host in their order, the hosts taking turns: all hosts answer at the same time, each within
 * its own limits, and one that is slow holds up the fewest others.
 */
export function byTurns(repositories: readonly WantedRepository[]): WantedRepository[] {
  const turns: WantedRepository[][] = [];
  const taken = new Map<string, number>();
  for (const wanted of repositories) {
    const host = hostOf(wanted.repository);
    const turn = taken.get(host) ?? 0;
    taken.set(host, turn + 1);
    (turns[turn] ??= []).push(wanted);
  }
  return turns.flat();
}
