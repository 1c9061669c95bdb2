import type { ShardIdentity } from '../edges/shard.ts';
import type { Digest } from '../image/digest.ts';
import type { EdgeDecision } from '../plan/plan.ts';

/** What a run was for. */
export type Mode = 'parse-only' | 'dry-run' | 'promotion';

export type Decision = EdgeDecision | 'invalid';

export type Result = 'copied' | 'failed' | 'not-attempted';

/**
 * The report of a run, version 1: the value that every output is a view of. Fields may be added; none is removed or
 * given another meaning without a new version.
 */
export interface Report<Items extends Iterable<ReportItem> = readonly ReportItem[]> {
  readonly version: 1;
  readonly mode: Mode;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** True when a signal or its deadline ended the run before its time. */
  readonly stopped: boolean;
  /** Of a run that did one part of what the manifests want; its edges, items and hosts are of that part. */
  readonly shard?: ShardIdentity;
  /** Of a report that was merged: all the shards that it is made of, by index. */
  readonly shards?: readonly MergedShard[];
  /** Of `cip apply`: the digest of the plan file. Its items and counts are of the edges of that plan alone. */
  readonly plan?: Digest;
  /** What stood in the manifests, malformed entries included. */
  readonly manifests: ManifestCounts;
  readonly summary: Summary;
  /** Findings of checks, sorted by position. */
  readonly findings: readonly ReportFinding[];
  /** Every edge that is not present (all of them if asked for) and every malformed entry, sorted by destination. */
  readonly items: Items;
  /** By registry host, sorted. */
  readonly hosts: Readonly<Record<string, HostReport>>;
}

/**
 * The report of a run that has just ended. Its items are made anew each time they are gone through: where a registry was
 * away there is one for each of its edges.
 */
export type RunReport = Report<Iterable<ReportItem>>;

/** A result of a check. An error has blocked its edges. */
export interface ReportFinding {
  /** The name of the check. */
  readonly rule: string;
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly advice?: string | undefined;
  /** `file:line:column`, relative to the manifest directory; empty for the run as a whole. */
  readonly at: string;
  /** The destinations of the edges that it concerns, sorted: `repository:tag`, or `repository@digest` without a tag. */
  readonly edges: readonly string[];
}

/** What is kept of a shard's own report. */
export interface MergedShard extends ShardIdentity {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly stopped: boolean;
  readonly edges: number;
}

/**
 * Edges by decision as planned, `edges` being all of them; malformed entries, once each, in `invalid`; and what
 * became of those that the plan wanted written. A dry run writes nothing, so there those three are 0.
 */
export type Summary = Readonly<Record<'edges' | Decision | Result, number>>;

export interface ManifestCounts {
  /** Promoter manifest files. */
  readonly projects: number;
  /** Entries of the lists of images. */
  readonly images: number;
  /** Entries of the dmaps. */
  readonly digests: number;
}

export interface ReportItem {
  readonly decision: Decision;
  /** `repository@digest`; null for a malformed entry. */
  readonly source: string | null;
  /** `repository:tag`, or `repository@digest` without a tag; null for a malformed entry. */
  readonly destination: string | null;
  readonly digest: string | null;
  readonly outcome: Result | 'present';
  readonly reason: string;
  /** `file:line:column` of the first place that asks for it, relative to the manifest directory. */
  readonly at: string;
}

export interface HostReport extends HostCounts {
  /** Edges by decision; none for a host that is only read from. */
  readonly edges: Readonly<Record<EdgeDecision, number>>;
  /** Destination repositories by how they were asked; none where the run asked none. */
  readonly repositories: RepositoryCounts;
}

/** How the destination repositories that answered were asked: by a listing that tells digests, or by HEAD for each question. */
export interface RepositoryCounts {
  readonly byListing: number;
  readonly byHead: number;
}

/** What was asked of one host. */
export interface HostCounts {
  readonly requests: number;
  readonly retries: number;
  /** Blobs that did not get through in one go, either way: they went on where they broke off, or were sent once more. */
  readonly interrupted: number;
  /** Answers 429. */
  readonly throttled: number;
  /** Who has asked, where the host wanted to know; names, never secrets. */
  readonly identities: readonly string[];
  readonly bytesIn: number;
  readonly bytesOut: number;
}
