import { forEachInLanes } from '../base/concurrency.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import type { Inventory, InventoryReading, ReadState } from './inventory.ts';
import { openWants, readDigests } from './read-destination.ts';
import { findNowhere } from './sibling-holders.ts';

/** Beyond this number, digests are not queried only to tell `copy` from `add-tag`. */
const FEW = 100;

/**
 * Queries digests whose tags are absent, if they are few: the result decides between `copy` and `add-tag`. Otherwise
 * `copy` is planned, which does no harm to an existing digest. A repository that seems not to exist has no digest.
 */
export async function probeUnknownDigests(
  wanted: Wanted,
  reading: InventoryReading,
  signal: AbortSignal,
): Promise<void> {
  const unknown = collectUnknown(wanted, reading.destinations).filter(({ state }) => state.exists);
  const digests = unknown.reduce((sum, { wants }) => sum + wants.length, 0);
  if (digests <= FEW) await probe(unknown, reading, signal);
}

/** Queries the destinations that may have a digest before it is reported as lost. */
export async function probeLostDigests(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<void> {
  const nowhere = findNowhere(wanted, reading);
  const unknown = collectUnknown(wanted, reading.destinations)
    .map((one) => ({ ...one, wants: one.wants.filter((want) => nowhere.has(want)) }))
    .filter(({ wants }) => wants.length > 0);
  await probe(unknown, reading, signal);
}

interface UnknownDigests {
  readonly repository: Repository;
  readonly state: ReadState;
  /** Their digests have not been queried. */
  readonly wants: readonly Want[];
}

function collectUnknown(wanted: Wanted, destinations: InventoryReading['destinations']): UnknownDigests[] {
  return wanted.repositories.flatMap(({ repository, list }) => {
    const state = destinations.get(repository);
    if (state?.kind !== 'read' || state.complete) return [];
    const wants = openWants(list, state).filter(({ tagless }) => tagless === undefined);
    return [{ repository, state, wants }];
  });
}

async function probe(
  unknown: readonly UnknownDigests[],
  { destinations, destination: registry, workers }: InventoryReading,
  signal: AbortSignal,
): Promise<void> {
  const laneOf = ({ repository }: UnknownDigests) => hostOf(repository);
  await forEachInLanes(unknown, { laneOf, workers, signal }, async ({ repository, ...open }) => {
    const state = readDigests(repository, open, { registry, signal });
    destinations.set(repository, await orUnreadable(state, signal));
  });
}
