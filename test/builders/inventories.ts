import type { Digest } from '../../src/image/digest.ts';
import type { Repository } from '../../src/image/repository.ts';
import {
  type DestinationState,
  type Inventory,
  type SourceKey,
  type SourceState,
  sourceKey,
} from '../../src/inventory/inventory.ts';
import { digest, repository, tag } from './manifests.ts';

const DIGESTS = ['a', 'b', 'c'].map(digest);

/** What is at each destination: digests, and digests by tag; `silent` does not answer. */
export type There = Readonly<
  Record<string, { digests?: readonly Digest[]; tags?: Readonly<Record<string, Digest>> } | 'silent'>
>;
/** Which digests each source has. */
export type Sources = Readonly<Record<string, readonly Digest[] | 'silent'>>;

/** What was found there and at the sources, of the digests `a`, `b` and `c`. */
export function inventory(there: There, sources: Sources = {}): Inventory {
  return {
    destinations: new Map(Object.entries(there).map(([name, state]) => [repository(name), stateOf(state)])),
    sources: new Map(
      Object.entries(sources).flatMap(([name, state]) => sourceStates(repository(name), state)),
    ),
  };
}

function stateOf(state: There[string]): DestinationState {
  if (state === 'silent') return { kind: 'unreadable', reason: '503' };
  const { digests = [], tags = {} } = state;
  const entries = Object.entries(tags).map(([text, digest]) => [tag(text), digest] as const);
  const all = new Set([...digests, ...Object.values(tags)]);
  return {
    kind: 'read',
    by: 'listing',
    complete: true,
    exists: all.size > 0,
    tags: new Map(entries),
    digests: all,
  };
}

function sourceStates(name: Repository, state: readonly Digest[] | 'silent'): [SourceKey, SourceState][] {
  return DIGESTS.map((digest) => {
    if (state === 'silent') return [sourceKey(name, digest), { kind: 'unreadable', reason: '403' }];
    return [sourceKey(name, digest), { kind: state.includes(digest) ? 'present' : 'absent' }];
  });
}
