import { hostOf } from '../image/repository.ts';
import type { Inventory } from './inventory.ts';

/** How the destination repositories of one host that answered were asked. */
export interface QueryCounts {
  readonly byListing: number;
  readonly byHead: number;
}

const NONE: QueryCounts = { byListing: 0, byHead: 0 };

/** How they were asked, host by host. */
export function countQueries({ destinations }: Inventory): ReadonlyMap<string, QueryCounts> {
  const hosts = new Map<string, QueryCounts>();
  for (const [repository, state] of destinations) {
    if (state.kind === 'unreadable') continue;
    const host = hostOf(repository);
    const counts = hosts.get(host) ?? NONE;
    const way = state.by === 'listing' ? 'byListing' : 'byHead';
    hosts.set(host, { ...counts, [way]: counts[way] + 1 });
  }
  return hosts;
}
