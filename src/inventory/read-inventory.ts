import { forEachInLanes } from '../base/concurrency.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Want, Wanted, WantedRepository } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import {
  type DestinationState,
  type Inventory,
  type ReadState,
  type SourceKey,
  type SourceState,
  sourceKey,
} from './inventory.ts';
import { ListingHabits } from './listing-habits.ts';
import { orUnreadable } from './or-unreadable.ts';
import { openWants, readDestination, readDigests } from './read-destination.ts';
import { WantedThere } from './wanted-there.ts';

export interface InventoryPorts {
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Repositories asked at a time at each host; the transport bounds the requests. */
  readonly workers: number;
}

/**
 * D for everything wanted, then S for every digest that some destination lacks and nothing else.
 * A registry that does not answer is a value in the result; only an aborted signal throws.
 */
export async function readInventory(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): Promise<Inventory> {
  const destinations = await readDestinations(wanted, ports, signal);
  await lookForFew(wanted, { ...ports, destinations }, signal);
  const sources = await readSources(wanted, { ...ports, destinations }, signal);
  await lookForLost(wanted, { ...ports, destinations, sources }, signal);
  return { destinations, sources };
}

/** Destinations as they have been read so far: more is learned of them as it is needed. */
type Reading = InventoryPorts & { readonly destinations: Map<Repository, DestinationState> };

async function readDestinations(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): Promise<Map<Repository, DestinationState>> {
  const destinations = new Map<Repository, DestinationState>();
  const asked = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  const habits = new ListingHabits(asked);
  const asking = { registry: ports.destination, habits, wanted: new WantedThere(), signal };
  ports.progress.begin('inventory', asked.length);
  const lanes = { laneOf: hostOfWanted, workers: ports.workers, signal };
  await forEachInLanes(asked, lanes, async ({ repository, list }) => {
    const state = await orUnreadable(readDestination(repository, list, asking), signal);
    destinations.set(repository, state);
    ports.progress.advance();
  });
  ports.progress.end();
  return destinations;
}

async function readSources(
  wanted: Wanted,
  ports: Reading,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const sources = new Map<SourceKey, SourceState>();
  const asked = new SingleFlight<SourceKey, SourceState>();
  const lacking = collectLacking(wanted, ports.destinations);
  ports.progress.begin('source', lacking.length);
  const laneOf = ({ repositories: [first] }: Lacking) => (first === undefined ? '' : hostOf(first));
  await forEachInLanes(
    lacking,
    { laneOf, workers: ports.workers, signal },
    async ({ digest, repositories }) => {
      for (const repository of repositories) {
        const key = sourceKey(repository, digest);
        const read = () => orUnreadable(readSource(repository, digest, ports.source, signal), signal);
        const state = await asked.run(key, read);
        sources.set(key, state);
        if (state.kind === 'present') break;
      }
      ports.progress.advance();
    },
  );
  ports.progress.end();
  return sources;
}

/** More digests than these are not asked for only to tell whether an image is to be copied or its tag to be added. */
const FEW = 100;

/**
 * Whether a digest whose tags are absent is there already decides between `copy` and `add-tag`, and a copy of what is
 * there does no harm: it is asked where that is cheap. A repository that seems not to exist has none.
 */
async function lookForFew(wanted: Wanted, reading: Reading, signal: AbortSignal): Promise<void> {
  const doubts = collectDoubts(wanted, reading.destinations).filter(({ state }) => state.exists);
  const digests = doubts.reduce((sum, { wants }) => sum + wants.length, 0);
  if (digests <= FEW) await settle(doubts, reading, signal);
}

/** Before a digest is called lost every destination that may have it is asked for it. */
async function lookForLost(
  wanted: Wanted,
  reading: Reading & { readonly sources: ReadonlyMap<SourceKey, SourceState> },
  signal: AbortSignal,
): Promise<void> {
  const isLost = ({ digest, sources: all }: Want) =>
    all.every((source) => reading.sources.get(sourceKey(source, digest))?.kind === 'absent');
  const doubts = collectDoubts(wanted, reading.destinations)
    .map((doubt) => ({ ...doubt, wants: doubt.wants.filter(isLost) }))
    .filter(({ wants }) => wants.length > 0);
  await settle(doubts, reading, signal);
}

interface Doubt {
  readonly repository: Repository;
  readonly state: ReadState;
  /** Their digests have not been asked for. */
  readonly wants: readonly Want[];
}

function collectDoubts(wanted: Wanted, destinations: Reading['destinations']): Doubt[] {
  return wanted.repositories.flatMap(({ repository, list }) => {
    const state = destinations.get(repository);
    if (state?.kind !== 'read' || state.complete) return [];
    return [
      { repository, state, wants: openWants(list, state).filter(({ tagless }) => tagless === undefined) },
    ];
  });
}

async function settle(doubts: readonly Doubt[], reading: Reading, signal: AbortSignal): Promise<void> {
  const { destinations, destination: registry, workers } = reading;
  await forEachInLanes(
    doubts,
    { laneOf: hostOfWanted, workers, signal },
    async ({ repository, ...doubt }) => {
      const asked = readDigests(repository, doubt, { registry, signal });
      destinations.set(repository, await orUnreadable(asked, signal));
    },
  );
}

async function readSource(
  repository: Repository,
  digest: Digest,
  source: ReadRegistry,
  signal: AbortSignal,
): Promise<SourceState> {
  const there = await source.resolve(repository, digest, signal);
  return { kind: there === undefined ? 'absent' : 'present' };
}

function hostOfWanted({ repository }: Pick<WantedRepository, 'repository'>): string {
  return hostOf(repository);
}

interface Lacking {
  readonly digest: Digest;
  readonly repositories: readonly Repository[];
}

/** Every digest that a readable destination lacks, once for each set of sources. */
function collectLacking(wanted: Wanted, destinations: ReadonlyMap<Repository, DestinationState>): Lacking[] {
  const lacking = new Map<Want, Lacking>();
  for (const { repository, list } of wanted.repositories) {
    const state = destinations.get(repository);
    if (state?.kind !== 'read') continue;
    for (const want of list.wants) {
      if (lacking.has(want) || state.digests.has(want.digest)) continue;
      const open = want.tagless !== undefined || want.tags.some(({ tag }) => !state.tags.has(tag));
      if (open) lacking.set(want, { digest: want.digest, repositories: want.sources });
    }
  }
  return Array.from(lacking.values());
}
