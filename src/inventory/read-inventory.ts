import { forEachInLanes } from '../base/concurrency.ts';
import type { Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { orGivenUp } from '../ports/unreadable.ts';
import { explainLost } from './explain-lost.ts';
import type { DestinationState, Inventory, InventoryPorts, InventoryReading } from './inventory.ts';
import { ListingStates } from './listing-state.ts';
import { ListingStrategy } from './listing-strategy.ts';
import { probeLostDigests, probeUnknownDigests } from './probe-unknown-digests.ts';
import { readDestination } from './read-destination.ts';
import { readSiblings, readSources } from './read-sources.ts';

/**
 * D for everything wanted, then S for every digest that some destination lacks. Hosts do not wait for each other. The
 * transport limits the time of a host that does not answer, and the result has its destinations as unreadable.
 *
 * An aborted signal does not throw: then a destination is unreadable if it had failed, else it is `not-read`.
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
    const own = await readSources(wanted, reading, signal);
    await probeLostDigests(wanted, { ...reading, sources: own }, signal);
    const sources = await readSiblings(wanted, { ...reading, sources: own }, signal);
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
  const queried = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  const listings = new ListingStrategy(queried);
  const query = { registry, listings, wanted: new ListingStates(), confirmsAbsence: false, signal };
  const laneOf = ({ repository }: (typeof queried)[number]) => hostOf(repository);
  progress.begin('inventory', queried.length);
  // twice the requests that the transport sends at a time keep it busy; more would wait, and outlive collections
  const together = 2 * workers;
  await forEachInLanes(queried, { laneOf, workers, together, signal }, async ({ repository, list }) => {
    destinations.set(repository, await orGivenUp(readDestination(repository, list, query), signal));
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

const NOT_READ: DestinationState = { kind: 'not-read' };
