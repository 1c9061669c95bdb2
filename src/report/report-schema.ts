import * as z from 'zod';
import type { ShardIdentity } from '../edges/shard.ts';
import { parseDigest } from '../image/digest.ts';
import type { HostCounts, ManifestCounts, MergedShard } from './report.ts';

/** The parts that reports of every kind share. Fields that are not known are kept: a later version may add some. */
export const Count = z.int().min(0);
export const Text = z.string();
export const Duration = z.number().min(0).meta({ description: 'milliseconds' });
export const Time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .meta({ format: 'date-time' });

/** A count for each name, all of which are there. */
export function countsOf<Name extends string>(names: readonly Name[]) {
  return z.looseRecord(z.enum(names), Count);
}

export const DigestText = z
  .custom<ShardIdentity['input']>((text) => typeof text === 'string' && parseDigest(text) !== undefined)
  .meta({ type: 'string', description: 'ALGORITHM:HEX' });
const SHARD = { index: Count, count: Count, input: DigestText };

const Shard: z.ZodType<ShardIdentity> = z.looseObject(SHARD).refine(({ index, count }) => index < count, {
  path: ['index'],
});
const ShardOfMerged: z.ZodType<MergedShard> = z.looseObject({
  ...SHARD,
  startedAt: Time,
  durationMs: Duration,
  stopped: z.boolean(),
  edges: Count,
});
const Manifests: z.ZodType<ManifestCounts> = z.looseObject({
  projects: Count,
  images: Count,
  digests: Count,
});

/** The head of every report: which run it is of. */
export const RUN = {
  version: z.literal(1),
  startedAt: Time,
  durationMs: Duration,
  stopped: z.boolean(),
  shard: z.exactOptional(Shard),
  shards: z.exactOptional(z.array(ShardOfMerged)),
  manifests: Manifests,
};

/** The part of a host that reports of every kind have. */
export const TRAFFIC = {
  requests: Count,
  retries: Count,
  interrupted: Count,
  throttled: Count,
  identities: z.array(Text),
  bytesIn: Count,
  bytesOut: Count,
} satisfies Record<keyof HostCounts, z.ZodType>;
