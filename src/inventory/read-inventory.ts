import { forEachInLanes } from '../base/concurrency.ts';
import type { Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { orGivenUp } from '../ports/unreadable.ts';
import { askSiblings } from './ask-siblings.ts';
import { explainLost } from './explain-lost.ts';
import type { DestinationState, Inventory, InventoryPorts, InventoryReading } from './inventory.ts';
import { ListingStates } from './listing-state.ts';
import { ListingStrategy } from './listing-strategy.ts';
import { probeLostDigests, probeUnknownDigests } from './probe-unknown-digests.ts';
import { readDestination } from './read-destination.ts';
import { readSources } from './read-sources.ts';

/**
 * D for everything wanted, then S for every digest that some destination lacks and nothing else. Hosts do not wait for
 * each other, and the transport limits the time of a host that does not answer: it is a value in the result.
 *
 * Never throws for an aborted signal. Then every destination is unreadable: for its own failure where it had one, else
 * because the run was stopped.
 */
export async function readInventory(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): Promise<Inventory> {
  const destinations = new Map<Repository, DestinationState>();
  try {
    const reading = { ...ports, destinations };
    await readDestinations(wanted, reading, signal);
    await probeUnknownDigests(wanted, reading, signal);
    const asked = await readSources(wanted, reading, signal);
    await probeLostDigests(wanted, { ...reading, sources: asked }, signal);
    const sources = await askSiblings(wanted, { ...reading, sources: asked }, signal);
    const absences = await explainLost(wanted, { ...reading, sources }, signal);
    return { destinations, sources, absences };
  } catch (error) {
    if (!signal.aborted) throw error;
    return stoppedInventory(wanted, destinations);
  }
}

async function readDestinations(
  wanted: Wanted,
  reading: InventoryReading,
  signal: AbortSignal,
): Promise<void> {
  const { destinations, destination: registry, progress, workers } = reading;
  const asked = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  const listings = new ListingStrategy(asked);
  const asking = { registry, listings, wanted: new ListingStates(), confirmsAbsence: false, signal };
  const laneOf = ({ repository }: (typeof asked)[number]) => hostOf(repository);
  progress.begin('inventory', asked.length);
  await forEachInLanes(asked, { laneOf, workers, signal }, async ({ repository, list }) => {
    destinations.set(repository, await orGivenUp(readDestination(repository, list, asking), signal));
    progress.advance();
  });
  progress.end();
}

function stoppedInventory({ repositories }: Wanted, read: Inventory['destinations']): Inventory {
  const states = repositories.map(({ repository }) => {
    const state = read.get(repository);
    return [repository, state?.kind === 'unreadable' ? state : NOT_READ] as const;
  });
  return { destinations: new Map(states), sources: new Map() };
}

const NOT_READ: DestinationState = {
  kind: 'unreadable',
  reason: 'not looked at, because the run was stopped before',
};
