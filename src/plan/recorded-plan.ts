import type { Position } from '../base/position.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Digest } from '../image/digest.ts';
import type { RegistryName } from '../image/repository.ts';
import type { EdgeId, Plan } from './plan.ts';

/** A plan with all that a file needs besides: applying it takes no manifest, and reviewing it no registry. */
export interface RecordedPlan extends Plan {
  readonly origin: PlanOrigin;
  /** The Google service accounts that the manifests bind registries to, sorted by registry. */
  readonly accounts: readonly BoundAccount[];
  /** Results of checks. Errors have blocked their edges already. */
  readonly findings: readonly RecordedFinding[];
  /** Malformed entries of the manifests, which have no edges. */
  readonly malformed: readonly MalformedEntry[];
}

export interface PlanOrigin {
  /** The version of the program. */
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** A digest of everything that the manifests want, this shard or not; file names and line numbers do not count. */
  readonly manifests: Digest;
  readonly read: ReadCounts;
  /** Where the manifests are in a git tree. */
  readonly revision?: Revision;
  /** Where the plan is for one shard. */
  readonly shard?: ShardIdentity;
  /** Where the plan is for the changes of the manifests alone. */
  readonly changes?: ChangeScope;
}

/** The limits of a run that processes only what changed in the manifests. */
export interface ChangeScope {
  /** The full name of the commit that they are compared with; null for the time before the first commit. */
  readonly base: string | null;
  /** ISO 8601, UTC: the start of the period whose additions count. */
  readonly since?: string;
}

/** The size of the manifests: files, entries of the lists of images, entries of the dmaps. */
export interface ReadCounts {
  readonly projects: number;
  readonly images: number;
  readonly digests: number;
}

/** The state of a git tree. */
export interface Revision {
  /** The full name of the commit. */
  readonly commit: string;
  /** Whether the manifests differ from the commit. */
  readonly dirty: boolean;
}

export interface BoundAccount {
  readonly registry: RegistryName;
  readonly account: string;
}

/** A result of a rule. An error blocks its own edges, and no other; a warning blocks nothing. */
export interface RecordedFinding {
  /** The name of the rule. */
  readonly rule: string;
  readonly level: 'warn' | 'error';
  /** The fault and its place, in one line. */
  readonly message: string;
  /** The remedy. */
  readonly advice?: string;
  /** Undefined for a finding about the whole run. */
  readonly at: Position | undefined;
  /** The edges that it concerns. */
  readonly edges: readonly EdgeId[];
}

export interface MalformedEntry {
  /** The name of the rule. */
  readonly rule: string;
  readonly message: string;
  readonly at: Position;
}
