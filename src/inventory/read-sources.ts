import { forEachInLanes } from '../base/concurrency.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import {
  type DestinationState,
  type Inventory,
  type InventoryReading,
  type SourceKey,
  type SourceState,
  sourceKey,
} from './inventory.ts';
import { isOpen, openWants } from './read-destination.ts';
import { findNowhere, WantIndex } from './sibling-holders.ts';

/** S for every digest that some destination lacks. */
export async function readSources(
  wanted: Wanted,
  reading: InventoryReading,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const { progress, workers } = reading;
  const lookups = collectLacking(wanted, reading.destinations);
  const source = reading.sourceFor?.(lookups.length) ?? reading.source;
  progress.begin('source', lookups.length);
  const sources = await lookUp(lookups, { source, workers, onDone: () => progress.advance() }, signal);
  progress.end();
  return sources;
}

/**
 * Looks for digests at their siblings that would otherwise be reported as lost: siblings in another shard, and those
 * that were not queried for the digest. Resolves to the sources and these siblings.
 */
export async function readSiblings(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const { destinations, source, workers } = reading;
  const wants = new WantIndex(wanted);
  const lookups = Array.from(findNowhere(wanted, reading), ({ digest, siblings }) => ({
    digest,
    repositories: siblings.filter((one) => isUnqueried(destinations.get(one), wants.find(one, digest))),
  })).filter(({ repositories }) => repositories.length > 0);
  return new Map([...reading.sources, ...(await lookUp(lookups, { source, workers }, signal))]);
}

/** A digest, and the repositories to query until one has it. */
interface Lookup {
  readonly digest: Digest;
  readonly repositories: readonly Repository[];
}

async function lookUp(
  lookups: readonly Lookup[],
  options: { readonly source: ReadRegistry; readonly workers: number; readonly onDone?: () => void },
  signal: AbortSignal,
): Promise<Map<SourceKey, SourceState>> {
  const { source, workers, onDone } = options;
  const sources = new Map<SourceKey, SourceState>();
  const inFlight = new SingleFlight<SourceKey, SourceState>();
  const laneOf = ({ repositories: [first] }: Lookup) => (first === undefined ? '' : hostOf(first));
  await forEachInLanes(lookups, { laneOf, workers, signal }, async ({ digest, repositories }) => {
    for (const repository of repositories) {
      const key = sourceKey(repository, digest);
      const state = await inFlight.run(key, () => readSource(repository, digest, source, signal));
      sources.set(key, state);
      if (state.kind === 'present') break;
    }
    onDone?.();
  });
  return sources;
}

function readSource(
  repository: Repository,
  digest: Digest,
  source: ReadRegistry,
  signal: AbortSignal,
): Promise<SourceState> {
  const resolved = source.resolve(repository, digest, signal);
  const state = resolved.then((found): SourceState => ({ kind: found === undefined ? 'absent' : 'present' }));
  return orUnreadable(state, signal);
}

/** Every digest that a readable destination lacks, once for each set of sources. */
function collectLacking(wanted: Wanted, destinations: ReadonlyMap<Repository, DestinationState>): Lookup[] {
  const lacking = new Set<Want>();
  for (const { repository, list } of wanted.repositories) {
    const state = destinations.get(repository);
    if (state?.kind === 'read') for (const want of openWants(list, state)) lacking.add(want);
  }
  return Array.from(lacking, ({ digest, sources }) => ({ digest, repositories: sources }));
}

/** False if the digest would have been found: a listing shows all wanted digests, and open ones were queried. */
function isUnqueried(state: DestinationState | undefined, want: Want | undefined): boolean {
  if (state === undefined) return true;
  if (state.kind !== 'read') return false;
  return want === undefined || (state.by === 'head' && !isOpen(want, state));
}
