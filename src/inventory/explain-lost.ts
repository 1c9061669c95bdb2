import { getOrMake } from '../base/maps.ts';
import type { Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Inventory, InventoryReading } from './inventory.ts';
import { openWants } from './read-destination.ts';
import { findNowhere } from './sibling-holders.ts';

/** Hints by host that lost content may only be hidden. Each host of a lost edge is queried once. */
export async function explainLost(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const hints = new Map<string, string>();
  const explain = async ([host, ask]: readonly [string, Query]) => {
    const hint = await ask(signal);
    if (hint !== undefined) hints.set(host, hint);
  };
  await Promise.all(Array.from(collectQueries(wanted, reading), explain));
  return hints;
}

type Query = (signal: AbortSignal) => Promise<string | undefined>;

/** One query for each host of a lost edge, source or destination. */
function collectQueries(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
): ReadonlyMap<string, Query> {
  const queries = new Map<string, Query>();
  if (!Array.from(reading.sources.values()).some(({ kind }) => kind === 'absent')) return queries;
  const add = (registry: ReadRegistry, repository: Repository) => {
    const query: Query = async (signal) => await registry.explainAbsence?.(repository, signal);
    getOrMake(queries, hostOf(repository), () => query);
  };
  const nowhere = findNowhere(wanted, reading);
  for (const { repository, list } of nowhere.size === 0 ? [] : wanted.repositories) {
    const state = reading.destinations.get(repository);
    if (state?.kind !== 'read') continue;
    for (const want of openWants(list, state).filter((one) => nowhere.has(one))) {
      add(reading.destination, repository);
      for (const source of want.sources) add(reading.source, source);
    }
  }
  return queries;
}
