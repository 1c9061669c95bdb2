import type { HostFault } from '../base/host-fault.ts';
import type { Position } from '../base/position.ts';
import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/reference.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/**
 * The decision for every edge, as plain JSON: applying a plan needs nothing else. Objects may be shared, and nothing
 * depends on that.
 */
export interface Plan {
  /** Every edge that is not `present`, sorted by destination as it is written, then by digest. */
  readonly items: readonly PlanItem[];
  /** All edges, those that are `present` included. */
  readonly counts: Readonly<Record<EdgeDecision, number>>;
  /** All edges by destination host, sorted by host. */
  readonly hosts: Readonly<Record<string, Readonly<Record<EdgeDecision, number>>>>;
  /** Repositories with something to write that did not exist, or were empty, when the plan was made; sorted. */
  readonly newRepositories: readonly Repository[];
}

/**
 * `repository:tag`, or `repository@digest` without a tag: findings and outcomes refer to edges so. Edges in conflict
 * share the id of their tag, and are never written.
 */
export type EdgeId = string;

export function edgeId({
  destination,
  tag,
  digest,
}: Pick<ItemBase, 'destination' | 'tag' | 'digest'>): EdgeId {
  return formatReference(destination, tag ?? digest);
}

/** The closed union of decisions on an edge. A malformed entry never becomes an edge: it is a problem. */
export const EDGE_DECISIONS = [
  'present',
  'copy',
  'add-tag',
  'tag-move',
  'lost',
  'conflict',
  'unreadable',
  'blocked',
  'not-attempted',
] as const;
export type EdgeDecision = (typeof EDGE_DECISIONS)[number];

/** No edges of any decision. */
export function noEdges(): Record<EdgeDecision, number> {
  return {
    present: 0,
    copy: 0,
    'add-tag': 0,
    'tag-move': 0,
    lost: 0,
    conflict: 0,
    unreadable: 0,
    blocked: 0,
    'not-attempted': 0,
  };
}

interface ItemBase {
  readonly destination: Repository;
  /** Undefined where the digest is wanted without a tag. */
  readonly tag: Tag | undefined;
  readonly digest: Digest;
  /** Where it may be read from, in the order to try. */
  readonly sources: readonly Repository[];
  readonly at: readonly Position[];
}

/** The destination tag already is this digest, or, without a tag, the digest is there: nothing to do. */
export interface PresentItem extends ItemBase {
  readonly decision: 'present';
}

interface WritableBase extends ItemBase {
  /** Destinations of the same manifest that have the digest: read for content that `sources` turn out to lack. */
  readonly siblings: readonly Repository[];
}

/** Neither tag nor, as far as was asked, digest at the destination, the digest at the source: copy all below it, then tag. */
export interface CopyItem extends WritableBase {
  readonly decision: 'copy';
  /** Why `sources` are siblings; undefined where a source of the manifest has the digest. */
  readonly sourceFault?: string;
}

/** The digest is at the destination, the tag is not: one small write. */
export interface AddTagItem extends WritableBase {
  readonly decision: 'add-tag';
}

/** The destination tag is another digest: refused, never written. */
export interface TagMoveItem extends ItemBase {
  readonly decision: 'tag-move';
  readonly found: Digest;
}

/** The digest is at no source, and at none of the destinations of its manifest. */
export interface LostItem extends ItemBase {
  readonly decision: 'lost';
  /** Why it may be there all the same, where a host gives reason to think so. */
  readonly doubt?: string;
}

/** Other entries want other digests for the same destination tag. */
export interface ConflictItem extends ItemBase {
  readonly decision: 'conflict';
  /** The first of them, each with its first places. */
  readonly others: readonly { readonly digest: Digest; readonly at: readonly Position[] }[];
  /** How many there are besides. */
  readonly moreOthers: number;
}

/** The destination, or a repository that may have the digest, did not answer. */
export interface UnreadableItem extends ItemBase {
  readonly decision: 'unreadable';
  readonly reason: string;
  /** The fault of the host. Unset: the failure concerns this edge only. */
  readonly fault?: HostFault | undefined;
}

/** A check found an error that concerns this edge: it is not attempted. */
export interface BlockedItem extends ItemBase {
  readonly decision: 'blocked';
  readonly reason: string;
}

/** The run was stopped before the destination was read. */
export interface NotAttemptedItem extends ItemBase {
  readonly decision: 'not-attempted';
}

export type WritableItem = CopyItem | AddTagItem;

export type PlanItem =
  | PresentItem
  | CopyItem
  | AddTagItem
  | TagMoveItem
  | LostItem
  | ConflictItem
  | UnreadableItem
  | BlockedItem
  | NotAttemptedItem;

/** True for edges that the plan writes. */
export function isWritable(item: PlanItem): item is WritableItem {
  return item.decision === 'copy' || item.decision === 'add-tag';
}
