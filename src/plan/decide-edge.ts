import type { HostFault } from '../base/host-fault.ts';
import type { Position } from '../base/position.ts';
import { listSome } from '../base/text.ts';
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
import { findSilentSibling, type SiblingHolders } from '../inventory/sibling-holders.ts';
import type { CopyItem, PlanItem } from './plan.ts';

/** One edge: a want under one of its tags, or without a tag, at one destination. */
export interface Edge {
  readonly destination: Repository;
  readonly want: Want;
  readonly tag: Tag | undefined;
  readonly at: readonly Position[];
}

/** The state beside the destination of an edge. */
export interface Known {
  readonly inventory: Inventory;
  readonly holders: SiblingHolders;
}

/** The first row that applies: not-attempted, unreadable, present, tag-move, add-tag, copy, lost. */
export function decideEdge(edge: Edge, state: DestinationState | undefined, known: Known): PlanItem {
  if (state === undefined) return unreadable(edge, 'the destination was not queried');
  if (state.kind === 'not-read') return { ...itemBase(edge), decision: 'not-attempted' };
  if (state.kind === 'unreadable') return unreadable(edge, `destination: ${state.reason}`, state.fault);
  if (isPresent(state, edge.want.digest, edge.tag)) return { ...itemBase(edge), decision: 'present' };
  const found = edge.tag === undefined ? undefined : state.tags.get(edge.tag);
  if (found !== undefined) return { ...itemBase(edge), decision: 'tag-move', found };
  const siblings = known.holders.of(edge.want, edge.destination);
  if (state.digests.has(edge.want.digest)) return { ...itemBase(edge), decision: 'add-tag', siblings };
  return decideBySource(edge, siblings, known.inventory);
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

function decideBySource(edge: Edge, siblings: readonly Repository[], inventory: Inventory): PlanItem {
  const { digest, sources } = edge.want;
  const stateOf = (source: Repository) => inventory.sources.get(sourceKey(source, digest));
  const present = sources.find((source) => stateOf(source)?.kind === 'present');
  if (present !== undefined) return copyItem(edge, { sources: startingWith(present, sources), siblings });
  const silent = sources.map(stateOf).find(isUnreadable);
  const fault =
    silent === undefined ? `the digest is not in ${listSome(sources)}` : `source: ${silent.reason}`;
  if (siblings.length > 0) return copyItem(edge, { sources: siblings, siblings: NONE, sourceFault: fault });
  if (silent !== undefined) return unreadable(edge, fault, silent.fault);
  const mute = findSilentSibling(edge.want, inventory);
  if (mute !== undefined) {
    const reason = `${fault}, and ${mute.sibling} may have it: ${mute.state.reason}`;
    return unreadable(edge, reason, mute.state.fault);
  }
  const hosts = [edge.destination, ...sources].map(hostOf);
  const doubt = hosts.map((host) => inventory.absences?.get(host)).find((reason) => reason !== undefined);
  return { ...itemBase(edge), decision: 'lost', ...(doubt !== undefined && { doubt }) };
}

/** Without a spread, which takes several times as long: new regions make hundreds of thousands of these. */
function copyItem(
  { destination, tag, want, at }: Edge,
  { sources, siblings, sourceFault }: Pick<CopyItem, 'sources' | 'siblings' | 'sourceFault'>,
): CopyItem {
  const { digest } = want;
  if (sourceFault === undefined) return { decision: 'copy', destination, tag, digest, sources, siblings, at };
  return { decision: 'copy', destination, tag, digest, sources, siblings, at, sourceFault };
}

/** The list itself where it begins so: nearly every want has one source. */
function startingWith(first: Repository, sources: readonly Repository[]): readonly Repository[] {
  return sources[0] === first ? sources : [first, ...sources.filter((source) => source !== first)];
}

const NONE: readonly Repository[] = [];

function isUnreadable(state: SourceState | undefined): state is Extract<SourceState, { kind: 'unreadable' }> {
  return state?.kind === 'unreadable';
}

function unreadable(edge: Edge, reason: string, fault?: HostFault): PlanItem {
  return { ...itemBase(edge), decision: 'unreadable', reason, ...(fault !== undefined && { fault }) };
}

function itemBase({ destination, want, tag, at }: Edge) {
  return { destination, tag, digest: want.digest, sources: want.sources, at };
}
