import type { HostFault } from '../base/host-fault.ts';
import type { ShardIdentity } from '../edges/shard.ts';

/** An edge, or a malformed entry of a manifest. */
export interface EnvelopeItem {
  readonly decision: string;
  /** `repository:tag`, or `repository@digest` without a tag; null for a malformed entry. */
  readonly destination: string | null;
  readonly digest: string | null;
  readonly reason: string;
  /** `file:line:column` of the first manifest entry that wants it, relative to the manifest directory. */
  readonly at: string;
  /** The id of the cause in `causes` that made the edge unreadable or failed. */
  readonly cause?: string | undefined;
}

/** The fields that reports of every kind have. Fields may be added; none is removed or redefined without a new version. */
export interface Envelope {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** True when a signal or a deadline ended the run early: the manifests may not even have been read. */
  readonly stopped: boolean;
  /** The part of the manifests that the run was limited to; its edges, items and hosts are of that part. */
  readonly shard?: ShardIdentity | undefined;
  /** The shards of a merged report, by index. */
  readonly shards?: readonly MergedShard[];
  /** The content of the manifests, malformed entries included. */
  readonly manifests: ManifestCounts;
  /** Edges by decision, all of them in `edges`, and malformed entries in `invalid`. */
  readonly summary: Readonly<Record<string, number>>;
  /** Findings of checks, sorted by position. */
  readonly findings: readonly ReportFinding[];
  /** Causes of unreadable and failed edges, sorted by host. Unset: there is none, or the report is of an older version. */
  readonly causes?: readonly ReportCause[];
  /** Every edge that is not present (all of them on request) and every malformed entry, sorted by destination. */
  readonly items: Iterable<EnvelopeItem>;
  /** By registry host, sorted. */
  readonly hosts: Readonly<Record<string, EnvelopeHost>>;
}

/** A failure of a host, with the number of its edges. */
export interface ReportCause {
  /** `KIND HOST`, followed by the identity, or by the error of a `configuration`. */
  readonly id: string;
  readonly kind: HostFault['kind'];
  readonly host: string;
  /** The refused identity; null if none was refused. */
  readonly identity: string | null;
  /** Number of edges that it made unreadable or failed. */
  readonly edges: number;
  /** Names at the host of the first repositories that have it, four at most. */
  readonly repositories: readonly string[];
  /** The error of the first of these edges, without its URL. */
  readonly message: string;
  readonly advice: string;
}

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

/** The part of a shard's own report that a merged report keeps. */
export interface MergedShard extends ShardIdentity {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly stopped: boolean;
  readonly edges: number;
}

export interface ManifestCounts {
  /** Promoter manifest files. */
  readonly projects: number;
  /** Entries of the lists of images. */
  readonly images: number;
  /** Entries of the dmaps. */
  readonly digests: number;
  /** Destination registries. Unset: a report of an older version. */
  readonly destinations?: number;
}

export interface EnvelopeHost extends HostCounts {
  /** Edges by decision; none for a host that is only read from. */
  readonly edges: Readonly<Record<string, number>>;
  /** Destination repositories by the way they were read. Promotions only. */
  readonly repositories?: RepositoryCounts;
}

/** Readable destination repositories by the way they were read: a listing with digests, or a HEAD request per query. */
export interface RepositoryCounts {
  readonly byListing: number;
  readonly byHead: number;
}

/** The traffic of one host. */
export interface HostCounts {
  readonly requests: number;
  readonly retries: number;
  /** Blobs, in either direction, whose transfer broke off and was resumed or repeated. */
  readonly interrupted: number;
  /** Responses with status 429. */
  readonly throttled: number;
  /** The identities that the host authenticated; names, never secrets. */
  readonly identities: readonly string[];
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Unset: a merged report, or a report of an older version. */
  readonly overTime?: HostOverTime | undefined;
}

/** Counts of steps of equal length from the start of the run; those after the last one of a series are 0. */
export interface HostOverTime {
  readonly stepMs: number;
  readonly requests: readonly number[];
  readonly retries: readonly number[];
  readonly throttled: readonly number[];
  readonly bytesIn: readonly number[];
  readonly bytesOut: readonly number[];
}

/** Signatures and other attachments, each counted once at each destination. */
export interface AttachmentCounts {
  /** Written with their images. */
  readonly carried: number;
  /** To be written, in a run that is not confirmed. */
  readonly planned: number;
  /** Broken, or over a limit; the findings say why. */
  readonly ignored: number;
}
