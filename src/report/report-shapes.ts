import { isObject } from '../base/json.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { HostCounts, ManifestCounts, MergedShard } from './report.ts';
import {
  type Check,
  count,
  counts,
  digest,
  fields,
  flag,
  listOf,
  milliseconds,
  type Shape,
  text,
  time,
} from './report-document.ts';

const MANIFESTS: readonly (keyof ManifestCounts)[] = ['projects', 'images', 'digests'];
export const manifestCounts = counts(MANIFESTS);

const SHARD: Shape<ShardIdentity> = { index: count, count, input: digest };
/** Its index is below its count. */
export const shard: Check = (value) =>
  fields(SHARD)(value) ??
  (isObject(value) && Number(value['index']) < Number(value['count']) ? undefined : '.index');

const MERGED_SHARD: Shape<MergedShard> = {
  ...SHARD,
  startedAt: time,
  durationMs: milliseconds,
  stopped: flag,
  edges: count,
};
export const mergedShards = listOf(fields(MERGED_SHARD));

/** The part of a host that reports of every kind have. */
export const TRAFFIC: Shape<HostCounts> = {
  requests: count,
  retries: count,
  interrupted: count,
  throttled: count,
  identities: listOf(text),
  bytesIn: count,
  bytesOut: count,
};
