import { allSettledOrThrow, forEachConcurrently } from '../base/concurrency.ts';
import { subtractWanted, type Wanted, type WantedRepository } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { orGivenUp } from '../ports/unreadable.ts';
import { askSiblings, findWaiting } from './ask-siblings.ts';
import { explainLost } from './explain-lost.ts';
import type { DestinationState, Inventory, InventoryPorts, InventoryReading } from './inventory.ts';
import { ListingStates } from './listing-state.ts';
import { ListingStrategy } from './listing-strategy.ts';
import { probeLostDigests, probeUnknownDigests } from './probe-unknown-digests.ts';
import { readDestination } from './read-destination.ts';
import { readSources } from './read-sources.ts';

/** A part of what is wanted, and what is there of it. */
export interface Wave {
  readonly wanted: Wanted;
  readonly inventory: Inventory;
}

/**
 * D for everything wanted, then S for every digest that some destination lacks and nothing else: in one wave, unless
 * some hosts leave the others waiting. Then those that have answered come first, and in a second wave the late ones, with
 * what only these may have.
 * A registry that does not answer is a value in the result; only an aborted signal throws.
 */
export async function* readInWaves(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): AsyncGenerator<Wave, void, undefined> {
  const reading = readDestinations(wanted, ports, signal);
  const late = await reading.untilLate();
  ports.progress.end();
  if (late.size === 0) {
    yield await readWave(wanted, { ...ports, ...reading, late }, signal);
    return;
  }
  const prompt = part(wanted, ({ repository }) => !late.has(hostOf(repository)));
  const { inventory } = await readWave(prompt, { ...ports, ...reading, late }, signal);
  const waiting = findWaiting(prompt, inventory, late);
  const first = part(prompt, ({ repository }) => !waiting.has(repository));
  yield { wanted: first, inventory };
  await reading.ended;
  yield await readWave(subtractWanted(wanted, first), { ...ports, ...reading, late: NONE }, signal);
}

const NONE: ReadonlySet<string> = new Set();

/** All of it in one wave, however long that takes. */
export async function readInventory(
  wanted: Wanted,
  ports: Omit<InventoryPorts, 'pause'>,
  signal: AbortSignal,
): Promise<Inventory> {
  const { value } = await readInWaves(wanted, { ...ports, pause: undefined }, signal).next();
  return value?.inventory ?? { destinations: new Map(), sources: new Map() };
}

async function readWave(
  wanted: Wanted,
  reading: InventoryReading & { readonly late: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<Wave> {
  await probeUnknownDigests(wanted, reading, signal);
  const sources = await readSources(wanted, reading, signal);
  await probeLostDigests(wanted, { ...reading, sources }, signal);
  const all = await askSiblings(wanted, { ...reading, sources }, signal);
  const absences = await explainLost(wanted, { ...reading, sources: all }, signal);
  return { wanted, inventory: { destinations: reading.destinations, sources: all, absences } };
}

function part(wanted: Wanted, belongs: (one: WantedRepository) => boolean): Wanted {
  const repositories = wanted.repositories.filter(belongs);
  return { ...wanted, repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

interface ReadingDestinations {
  readonly destinations: Map<Repository, DestinationState>;
  /** Settles when every host has been read. */
  readonly ended: Promise<unknown>;
  /** The hosts that are not read yet when the others have been for a while; none where all are. */
  readonly untilLate: () => Promise<ReadonlySet<string>>;
}

function readDestinations(wanted: Wanted, ports: InventoryPorts, signal: AbortSignal): ReadingDestinations {
  const { destinations = new Map<Repository, DestinationState>() } = ports;
  const asked = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  const asking = {
    registry: ports.destination,
    listings: new ListingStrategy(asked),
    wanted: new ListingStates(),
    confirmsAbsence: false,
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
        const state = await orGivenUp(readDestination(repository, list, asking), signal);
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
      if (watch.signal.aborted) await ended; // which is soon, and has put down what went wrong
      watch.signal.throwIfAborted();
    }
  } finally {
    over.abort();
  }
}
