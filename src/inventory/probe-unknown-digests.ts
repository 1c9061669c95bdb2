import { forEachInLanes } from '../base/concurrency.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import type { Inventory, InventoryReading, ReadState } from './inventory.ts';
import { openWants, readDigests } from './read-destination.ts';
import { findNowhere } from './sibling-holders.ts';

/** More digests than these are not asked for only to tell whether an image is to be copied or its tag to be added. */
const FEW = 100;

/**
 * Whether a digest whose tags are absent is there already decides between `copy` and `add-tag`, and a copy of what is
 * there does no harm: it is asked where that is cheap. A repository that seems not to exist has none.
 */
export async function probeUnknownDigests(
  wanted: Wanted,
  reading: InventoryReading,
  signal: AbortSignal,
): Promise<void> {
  const doubts = collectDoubts(wanted, reading.destinations).filter(({ state }) => state.exists);
  const digests = doubts.reduce((sum, { wants }) => sum + wants.length, 0);
  if (digests <= FEW) await settle(doubts, reading, signal);
}

/** Before a digest is called lost every destination that may have it is asked for it, as long as none is known to. */
export async function probeLostDigests(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<void> {
  const nowhere = findNowhere(wanted, reading);
  const doubts = collectDoubts(wanted, reading.destinations)
    .map((doubt) => ({ ...doubt, wants: doubt.wants.filter((want) => nowhere.has(want)) }))
    .filter(({ wants }) => wants.length > 0);
  await settle(doubts, reading, signal);
}

interface UnknownDigests {
  readonly repository: Repository;
  readonly state: ReadState;
  /** Their digests have not been asked for. */
  readonly wants: readonly Want[];
}

function collectDoubts(wanted: Wanted, destinations: InventoryReading['destinations']): UnknownDigests[] {
  return wanted.repositories.flatMap(({ repository, list }) => {
    const state = destinations.get(repository);
    if (state?.kind !== 'read' || state.complete) return [];
    return [
      { repository, state, wants: openWants(list, state).filter(({ tagless }) => tagless === undefined) },
    ];
  });
}

async function settle(
  doubts: readonly UnknownDigests[],
  reading: InventoryReading,
  signal: AbortSignal,
): Promise<void> {
  const { destinations, destination: registry, workers } = reading;
  await forEachInLanes(
    doubts,
    { laneOf: ({ repository }) => hostOf(repository), workers, signal },
    async ({ repository, ...doubt }) => {
      const asked = readDigests(repository, doubt, { registry, signal });
      destinations.set(repository, await orUnreadable(asked, signal));
    },
  );
}
