import type { ShardIdentity } from '../../edges/shard.ts';
import type { BlobCondition } from '../../ports/registry.ts';
import type { HostCounts, ManifestCounts, MergedShard } from '../../report/report.ts';

/**
 * The closed union of what can be found of an edge.
 *
 * - `present`     the tag is this digest, or, tagless, the digest is there; with all it leads to where that was looked at
 * - `missing`     there is no such tag, or no such digest
 * - `different`   the tag is another digest
 * - `incomplete`  it is there by name, but not all that it leads to
 * - `repaired`    it was incomplete or damaged until this run sent it again; all of it was read back
 * - `conflict`    other entries want other digests for the same tag, so none of them was promoted
 * - `unreadable`  the registry did not answer, or refused to, or its answer cannot be right
 * - `not-checked` the run was stopped before
 */
export const VERDICTS = [
  'present',
  'missing',
  'different',
  'incomplete',
  'repaired',
  'conflict',
  'unreadable',
  'not-checked',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The report of a verification, version 1: the value that every output is a view of. */
export interface Verification {
  readonly version: 1;
  readonly mode: 'verify';
  readonly deep: boolean;
  /** The host that was asked in place of the destinations; null without one. */
  readonly via: string | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** True when a signal or a deadline ended the run before its time: what is wanted may not even have been read. */
  readonly stopped: boolean;
  /** Of a run that looked at one part of what the manifests want; its edges, items and hosts are of that part. */
  readonly shard?: ShardIdentity;
  /** Of a report that was merged: all the shards that it is made of, by index. */
  readonly shards?: readonly MergedShard[];
  readonly manifests: ManifestCounts;
  /** Edges by verdict, `edges` being all of them; malformed entries, once each, in `invalid`. */
  readonly summary: Readonly<Record<'edges' | Verdict | 'invalid', number>>;
  /** Every edge that is not present (all of them if asked for) and every malformed entry, sorted by destination. */
  readonly items: readonly VerificationItem[];
  /** Of a run that was asked to repair. */
  readonly repair?: RepairReport;
  /** By host, sorted: destinations, and whoever was asked. */
  readonly hosts: Readonly<Record<string, HostVerification>>;
}

export interface RepairReport {
  /** False where nothing was to be written. */
  readonly confirmed: boolean;
  /** What was sent, or would be; each blob and manifest once for each repository, sorted by it. */
  readonly pieces: readonly RepairItem[];
}

export interface RepairItem {
  readonly repository: string;
  readonly piece: 'blob' | 'manifest';
  readonly digest: string;
  /** Bytes of a blob, where the manifest says it. */
  readonly size: number | null;
  /** As it was served before; a `sound` manifest is put again because of what it leads to. */
  readonly condition: BlobCondition;
  /** The repository that has it; null where none does. */
  readonly from: string | null;
  readonly outcome: 'sent' | 'failed' | 'not-attempted';
  readonly reason: string;
}

export interface VerificationItem {
  readonly verdict: Verdict | 'invalid';
  /** `repository:tag`, or `repository@digest` without a tag; null for a malformed entry. */
  readonly destination: string | null;
  readonly digest: string | null;
  /** What was asked for, where that is not the destination itself: its name at the mirror. */
  readonly asked: string | null;
  /** The digest that the tag is instead. */
  readonly found: string | null;
  readonly reason: string;
  /** `file:line:column` of the first place that asks for it, relative to the manifest directory. */
  readonly at: string;
}

export interface HostVerification extends HostCounts {
  /** Edges by verdict; none for a host that is only asked. */
  readonly edges: Readonly<Record<Verdict, number>>;
}

/** No edges of any verdict. */
export function noVerdicts(): Record<Verdict, number> {
  return {
    present: 0,
    missing: 0,
    different: 0,
    incomplete: 0,
    repaired: 0,
    conflict: 0,
    unreadable: 0,
    'not-checked': 0,
  };
}

/** True for what is there, in the end. */
export function isThere({ verdict }: VerificationItem): boolean {
  return verdict === 'present' || verdict === 'repaired';
}

/** 0 when everything wanted is there, 1 when something is not, or nobody knows because the run was stopped. */
export function exitCodeOfVerification({ summary, stopped }: Verification): 0 | 1 {
  return summary.present + summary.repaired === summary.edges && summary.invalid === 0 && !stopped ? 0 : 1;
}
