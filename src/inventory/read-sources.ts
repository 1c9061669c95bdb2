import { forEachInLanes } from '../base/concurrency.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import {
  type DestinationState,
  type InventoryReading,
  type SourceKey,
  type SourceState,
  sourceKey,
} from './inventory.ts';

/** S for every digest that some destination lacks, and for nothing else. */
export async function readSources(
  wanted: Wanted,
  ports: InventoryReading,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceKey, SourceState>> {
  const sources = new Map<SourceKey, SourceState>();
  const asked = new SingleFlight<SourceKey, SourceState>();
  const lacking = collectLacking(wanted, ports.destinations);
  ports.progress.begin('source', lacking.length);
  const source = ports.sourceFor?.(lacking.length) ?? ports.source;
  const laneOf = ({ repositories: [first] }: Lacking) => (first === undefined ? '' : hostOf(first));
  await forEachInLanes(
    lacking,
    { laneOf, workers: ports.workers, signal },
    async ({ digest, repositories }) => {
      for (const repository of repositories) {
        const key = sourceKey(repository, digest);
        const state = await asked.run(key, () => readSource(repository, digest, source, signal));
        sources.set(key, state);
        if (state.kind === 'present') break;
      }
      ports.progress.advance();
    },
  );
  ports.progress.end();
  return sources;
}

/** Whether a repository has a digest; throws only what an aborted signal throws. */
export function readSource(
  repository: Repository,
  digest: Digest,
  source: ReadRegistry,
  signal: AbortSignal,
): Promise<SourceState> {
  const asked = source.resolve(repository, digest, signal);
  const state = asked.then((there): SourceState => ({ kind: there === undefined ? 'absent' : 'present' }));
  return orUnreadable(state, signal);
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
