import type { Position } from '../base/position.ts';
import type { Want } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import {
  type DestinationState,
  type Inventory,
  type SourceState,
  sourceKey,
} from '../inventory/inventory.ts';
import type { PlanItem } from './plan.ts';

/** One edge: a want under one of its tags, or without a tag, at one destination. */
export interface Edge {
  readonly destination: Repository;
  readonly want: Want;
  readonly tag: Tag | undefined;
  readonly at: readonly Position[];
}

/** The first row that applies: unreadable, present, tag-move, add-tag, copy, lost. */
export function decideEdge(edge: Edge, state: DestinationState | undefined, inventory: Inventory): PlanItem {
  if (state === undefined) return unreadable(edge, 'the destination was not asked');
  if (state.kind === 'unreadable') return unreadable(edge, `destination: ${state.reason}`);
  if (isPresent(state, edge.want.digest, edge.tag)) return { ...itemBase(edge), decision: 'present' };
  const found = edge.tag === undefined ? undefined : state.tags.get(edge.tag);
  if (found !== undefined) return { ...itemBase(edge), decision: 'tag-move', found };
  if (state.digests.has(edge.want.digest)) return { ...itemBase(edge), decision: 'add-tag' };
  return decideBySource(edge, inventory);
}

/** True when there is nothing to do: cheap, because it is asked for every edge and nearly always true. */
export function isPresent(
  state: DestinationState | undefined,
  digest: Digest,
  tag: Tag | undefined,
): boolean {
  if (state?.kind !== 'read') return false;
  return tag === undefined ? state.digests.has(digest) : state.tags.get(tag) === digest;
}

function decideBySource(edge: Edge, inventory: Inventory): PlanItem {
  const { digest, sources } = edge.want;
  const stateOf = (source: Repository) => inventory.sources.get(sourceKey(source, digest));
  const present = sources.find((source) => stateOf(source)?.kind === 'present');
  if (present === sources[0] && present !== undefined) return { ...itemBase(edge), decision: 'copy' };
  if (present !== undefined) {
    const others = sources.filter((source) => source !== present);
    return { ...itemBase(edge), decision: 'copy', sources: [present, ...others] };
  }
  const silent = sources.map(stateOf).find(isUnreadable);
  if (silent !== undefined) return unreadable(edge, `source: ${silent.reason}`);
  const hosts = [edge.destination, ...sources].map(hostOf);
  const doubt = hosts.map((host) => inventory.absences?.get(host)).find((reason) => reason !== undefined);
  return { ...itemBase(edge), decision: 'lost', ...(doubt !== undefined && { doubt }) };
}

function isUnreadable(state: SourceState | undefined): state is Extract<SourceState, { kind: 'unreadable' }> {
  return state?.kind === 'unreadable';
}

function unreadable(edge: Edge, reason: string): PlanItem {
  return { ...itemBase(edge), decision: 'unreadable', reason };
}

function itemBase({ destination, want, tag, at }: Edge) {
  return { destination, tag, digest: want.digest, sources: want.sources, at };
}
