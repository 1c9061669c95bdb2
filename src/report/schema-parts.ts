import * as z from 'zod';
import { HOST_FAULTS } from '../base/host-fault.ts';
import { isObject } from '../base/json.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import { parseDigest } from '../image/digest.ts';
import type {
  EnvelopeHost,
  HostCounts,
  HostOverTime,
  ManifestCounts,
  MergedShard,
  ReportCause,
  ReportFinding,
} from './envelope.ts';

// The parts of `report-schema.ts` that reports of every kind share.

export const Count = z.int().min(0);
export const Text = z.string();
export const NullableText = Text.nullable();
const Duration = z.number().min(0).meta({ description: 'milliseconds' });
const Time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .meta({ format: 'date-time' });

/** A count for each of the names. */
export function countsOf<Name extends string>(names: readonly Name[]) {
  return z.looseRecord(z.enum(names), Count);
}

/** Counts by decision; older versions have no blocked edges, and none that were not attempted. */
export function plannedCountsOf<Name extends string>(names: readonly Name[]) {
  return z.preprocess(
    (counts) => (isObject(counts) ? { blocked: 0, 'not-attempted': 0, ...counts } : counts),
    countsOf(names),
  );
}

export const DigestText = z
  .custom<ShardIdentity['input']>((text) => typeof text === 'string' && parseDigest(text) !== undefined)
  .meta({ type: 'string', description: 'ALGORITHM:HEX' });
const SHARD = { index: Count, count: Count, input: DigestText };
const Shard: z.ZodType<ShardIdentity> = z.looseObject(SHARD).refine(({ index, count }) => index < count, {
  path: ['index'],
});
const RUN = { startedAt: Time, durationMs: Duration, stopped: z.boolean() };
const ShardOfMerged: z.ZodType<MergedShard> = z.looseObject({ ...SHARD, ...RUN, edges: Count });
const Manifests: z.ZodType<ManifestCounts> = z.looseObject({
  projects: Count,
  images: Count,
  digests: Count,
  destinations: z.exactOptional(Count),
});

const Finding: z.ZodType<ReportFinding> = z.looseObject({
  rule: Text,
  level: z.enum(['warn', 'error']),
  message: Text,
  advice: Text.optional(),
  at: Text,
  edges: z.array(Text),
});

const Cause: z.ZodType<ReportCause> = z.looseObject({
  id: Text,
  kind: z.enum(HOST_FAULTS),
  host: Text,
  identity: NullableText,
  edges: Count,
  repositories: z.array(Text),
  message: Text,
  advice: Text,
});

/** The fields of every report, apart from its summary, items and hosts. */
export const ENVELOPE = {
  ...RUN,
  shard: z.exactOptional(Shard),
  shards: z.exactOptional(z.array(ShardOfMerged)),
  manifests: Manifests,
  findings: z.array(Finding).default([]),
  causes: z.exactOptional(z.array(Cause)),
};

export const ITEM = {
  destination: NullableText,
  digest: NullableText,
  reason: Text,
  at: Text,
  cause: Text.optional(),
};

const Counts = z.array(Count);

const OverTime: z.ZodType<HostOverTime> = z.looseObject({
  stepMs: Count,
  requests: Counts,
  retries: Counts,
  throttled: Counts,
  bytesIn: Counts,
  bytesOut: Counts,
});

export const TRAFFIC = {
  requests: Count,
  retries: Count,
  interrupted: Count,
  throttled: Count,
  identities: z.array(Text),
  bytesIn: Count,
  bytesOut: Count,
  overTime: OverTime.optional(),
} satisfies Record<keyof HostCounts, z.ZodType>;

export const Repositories: z.ZodType<NonNullable<EnvelopeHost['repositories']>> = z.looseObject({
  byListing: Count,
  byHead: Count,
});
