import { forEachInLanes } from '../base/concurrency.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import {
  type DestinationState,
  type Inventory,
  type InventoryReading,
  type SourceKey,
  type SourceState,
  sourceKey,
} from './inventory.ts';
import { isOpen } from './read-destination.ts';
import { readSource } from './read-sources.ts';
import { findNowhere, WantIndex } from './sibling-holders.ts';

/**
 * Asks siblings for what would otherwise be called lost, one after the other until one has it: those that are no
 * destination of the run, being in another shard say, and those that were not asked for the digest. Resolves to the
 * sources with their answers.
 */
export async function askSiblings(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const { destinations, source, workers } = reading;
  const sources = new Map(reading.sources);
  const wants = new WantIndex(wanted);
  const mayHave = (sibling: Repository, digest: Digest) =>
    mayHaveUnseen(destinations.get(sibling), wants.find(sibling, digest));
  const questions = Array.from(findNowhere(wanted, reading))
    .map(({ digest, siblings }) => ({ digest, asked: siblings.filter((one) => mayHave(one, digest)) }))
    .filter(({ asked }) => asked.length > 0);
  const laneOf = ({ asked: [first] }: (typeof questions)[number]) =>
    first === undefined ? '' : hostOf(first);
  await forEachInLanes(questions, { laneOf, workers, signal }, async ({ digest, asked }) => {
    for (const sibling of asked) {
      const state = await readSource(sibling, digest, source, signal);
      sources.set(sourceKey(sibling, digest), state);
      if (state.kind === 'present') return;
    }
  });
  return sources;
}

/** False where the digest would have been seen: a listing shows all that is wanted, and what is open was asked for. */
function mayHaveUnseen(state: DestinationState | undefined, want: Want | undefined): boolean {
  if (state === undefined) return true;
  if (state.kind === 'unreadable') return false;
  return want === undefined || (state.by === 'head' && !isOpen(want, state));
}
