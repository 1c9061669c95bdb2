import { forEachConcurrently } from '../base/concurrency.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import {
  type DestinationState,
  type Inventory,
  type SourceKey,
  type SourceState,
  sourceKey,
} from './inventory.ts';
import { ListingHabits } from './listing-habits.ts';
import { orUnreadable } from './or-unreadable.ts';
import { readDestination, readDigests } from './read-destination.ts';

export interface InventoryPorts {
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Repositories asked at a time; the transport bounds the requests. */
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
  const sources = await readSources(wanted, { ...ports, destinations }, signal);
  await lookAgainForLost(wanted, { ...ports, destinations, sources }, signal);
  return { destinations, sources };
}

async function readDestinations(
  wanted: Wanted,
  ports: InventoryPorts,
  signal: AbortSignal,
): Promise<Map<Repository, DestinationState>> {
  const destinations = new Map<Repository, DestinationState>();
  const asking = { registry: ports.destination, habits: new ListingHabits(), signal };
  const asked = wanted.repositories.filter(({ list }) => list.wants.length > 0);
  ports.progress.begin('inventory', asked.length);
  await forEachConcurrently(asked, { workers: ports.workers, signal }, async ({ repository, list }) => {
    const state = await orUnreadable(readDestination(repository, list, asking), signal);
    destinations.set(repository, state);
    ports.progress.advance();
  });
  ports.progress.end();
  return destinations;
}

async function readSources(
  wanted: Wanted,
  ports: InventoryPorts & { readonly destinations: ReadonlyMap<Repository, DestinationState> },
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const sources = new Map<SourceKey, SourceState>();
  const asked = new SingleFlight<SourceKey, SourceState>();
  const lacking = collectLacking(wanted, ports.destinations);
  ports.progress.begin('source', lacking.length);
  await forEachConcurrently(lacking, { workers: ports.workers, signal }, async ({ digest, repositories }) => {
    for (const repository of repositories) {
      const key = sourceKey(repository, digest);
      const read = () => orUnreadable(readSource(repository, digest, ports.source, signal), signal);
      const state = await asked.run(key, read);
      sources.set(key, state);
      if (state.kind === 'present') break;
    }
    ports.progress.advance();
  });
  ports.progress.end();
  return sources;
}

/**
 * A repository that seemed not to exist may hold digests without tags. Before one of them is called lost it is asked
 * for; for those that a source has it would only be a needless question.
 */
async function lookAgainForLost(
  wanted: Wanted,
  seen: InventoryPorts & {
    readonly destinations: Map<Repository, DestinationState>;
    readonly sources: ReadonlyMap<SourceKey, SourceState>;
  },
  signal: AbortSignal,
): Promise<void> {
  const { destinations, sources, destination: registry, workers } = seen;
  const isLost = ({ digest, sources: all }: Want) =>
    all.every((source) => sources.get(sourceKey(source, digest))?.kind === 'absent');
  const doubtful = wanted.repositories.flatMap(({ repository, list }) => {
    const state = destinations.get(repository);
    const lost = state?.kind === 'read' && !state.complete ? list.wants.filter(isLost) : [];
    return lost.length === 0 ? [] : [{ repository, list: { ...list, wants: lost } }];
  });
  await forEachConcurrently(doubtful, { workers, signal }, async ({ repository, list }) => {
    const asking = { registry, signal };
    destinations.set(repository, await orUnreadable(readDigests(repository, list, asking), signal));
  });
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
