import { allSettledOrThrow, forEachConcurrently, forEachInLanes } from '../base/concurrency.ts';
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
  /** Waits for as long as a host may leave the others waiting without an answer. Unset: for ever. */
  readonly pause?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** A part of what is wanted, and what is there of it. */
export interface Wave {
  readonly wanted: Wanted;
  readonly inventory: Inventory;
}

/**
 * D for everything wanted, then S for every digest that some destination lacks and nothing else: in one wave, unless
 * some hosts leave the others waiting. Then those that have answered come first, and the late ones in a second wave.
 * A registry that does not answer is a value in the result; only an aborted signal throws.
 */
export async function* readInWaves(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): AsyncGenerator<Wave, void, undefined> {
  const reading = readDestinations(wanted, ports, signal);
  const late = await reading.untilLate();
  const isLate = ({ repository }: WantedRepository) => late.has(hostOf(repository));
  ports.progress.end();
  yield await readWave(
    late.size === 0 ? wanted : part(wanted, (one) => !isLate(one)),
    { ...ports, ...reading },
    signal,
  );
  if (late.size === 0) return;
  await reading.ended;
  yield await readWave(part(wanted, isLate), { ...ports, ...reading }, signal);
}

/** All of it in one wave, however long that takes. */
export async function readInventory(
  wanted: Wanted,
  ports: Omit<InventoryPorts, 'pause'>,
  signal: AbortSignal,
): Promise<Inventory> {
  const { value } = await readInWaves(wanted, { ...ports, pause: undefined }, signal).next();
  return value?.inventory ?? { destinations: new Map(), sources: new Map() };
}

async function readWave(wanted: Wanted, reading: Reading, signal: AbortSignal): Promise<Wave> {
  await lookForFew(wanted, reading, signal);
  const sources = await readSources(wanted, reading, signal);
  await lookForLost(wanted, { ...reading, sources }, signal);
  return { wanted, inventory: { destinations: reading.destinations, sources } };
}

function part(wanted: Wanted, belongs: (one: WantedRepository) => boolean): Wanted {
  const repositories = wanted.repositories.filter(belongs);
  return { ...wanted, repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

/** Destinations as they have been read so far: more is learned of them as it is needed. */
type Reading = InventoryPorts & { readonly destinations: Map<Repository, DestinationState> };

interface ReadingDestinations {
  readonly destinations: Map<Repository, DestinationState>;
  /** Settles when every host has been read. */
  readonly ended: Promise<unknown>;
  /** The hosts that are not read yet when the others have been for a while; none where all are. */
  readonly untilLate: () => Promise<ReadonlySet<string>>;
}

function readDestinations(wanted: Wanted, ports: InventoryPorts, signal: AbortSignal): ReadingDestinations {
  const destinations = new Map<Repository, DestinationState>();
  const asked = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  const asking = {
    registry: ports.destination,
    habits: new ListingHabits(asked),
    wanted: new WantedThere(),
    signal,
  };
  const hosts = new Map<string, WantedRepository[]>();
  for (const one of asked) {
    const host = hostOf(one.repository);
    hosts.set(host, [...(hosts.get(host) ?? []), one]);
  }
  ports.progress.begin('inventory', asked.length);
  const pending = new Set(hosts.keys());
  const readHost = async ([host, repositories]: readonly [string, readonly WantedRepository[]]) => {
    await forEachConcurrently(
      repositories,
      { workers: ports.workers, signal },
      async ({ repository, list }) => {
        const state = await orUnreadable(readDestination(repository, list, asking), signal);
        destinations.set(repository, state);
        if (!isLate) ports.progress.advance(); // what comes late belongs to no phase any more
      },
    );
    pending.delete(host);
  };
  let isLate = false;
  const ended = allSettledOrThrow(Array.from(hosts, readHost));
  ended.catch(() => {}); // whoever waits for it throws
  const untilLate = async () => {
    const { pause } = ports;
    if (pause === undefined) await ended;
    else
      await untilStuck(ended, {
        pause,
        count: () => destinations.size,
        signal,
        mayEnd: () => pending.size < hosts.size,
      });
    isLate = pending.size > 0;
    return new Set(pending);
  };
  return { destinations, ended, untilLate };
}

/** Waits for a promise, or until nothing has been counted for the time of a pause. */
async function untilStuck(
  ended: Promise<unknown>,
  watch: {
    readonly pause: (signal: AbortSignal) => Promise<void>;
    readonly count: () => number;
    readonly mayEnd: () => boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, watch.signal]);
  try {
    for (let before = -1, isEnded = false; !isEnded && !(before === watch.count() && watch.mayEnd()); ) {
      before = watch.count();
      const paused = watch.pause(signal).then(
        () => false,
        () => false,
      );
      isEnded = await Promise.race([ended.then(() => true), paused]);
      watch.signal.throwIfAborted();
    }
  } finally {
    over.abort();
  }
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
