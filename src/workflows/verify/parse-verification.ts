import type { JsonObject } from '../../base/json.ts';
import {
  assertShape,
  count,
  countOrNull,
  counts,
  fields,
  flag,
  listOf,
  milliseconds,
  oneOf,
  optional,
  type Shape,
  text,
  textOrNull,
  time,
  valuesOf,
} from '../../report/report-document.ts';
import { manifestCounts, mergedShards, shard, TRAFFIC } from '../../report/report-shapes.ts';
import {
  type HostVerification,
  type RepairItem,
  type RepairReport,
  VERDICTS,
  type Verification,
  type VerificationItem,
} from './verification.ts';

/** True for the report of a verification, sound or not. */
export function isOfVerification(document: JsonObject): boolean {
  return document['mode'] === MODE;
}

/** The report of a verification that a document is. Throws a `ReportFormatError`. */
export function asVerification(document: JsonObject): Verification {
  assertShape(document, VERIFICATION);
  return document;
}

const MODE: Verification['mode'] = 'verify';

const ITEM: Shape<VerificationItem> = {
  verdict: oneOf([...VERDICTS, 'invalid']),
  destination: textOrNull,
  digest: textOrNull,
  asked: textOrNull,
  found: textOrNull,
  reason: text,
  at: text,
};

const HOST: Shape<HostVerification> = { edges: counts(VERDICTS), ...TRAFFIC };

const REPAIR_ITEM: Shape<RepairItem> = {
  repository: text,
  piece: oneOf(['blob', 'manifest']),
  digest: text,
  size: countOrNull,
  condition: oneOf(['sound', 'missing', 'damaged']),
  from: textOrNull,
  outcome: oneOf(['sent', 'failed', 'not-attempted']),
  reason: text,
};

const REPAIR: Shape<RepairReport> = { confirmed: flag, pieces: listOf(fields(REPAIR_ITEM)) };

const VERIFICATION: Shape<Verification> = {
  version: count,
  mode: oneOf([MODE]),
  deep: flag,
  via: textOrNull,
  startedAt: time,
  durationMs: milliseconds,
  stopped: flag,
  shard: optional(shard),
  shards: optional(mergedShards),
  manifests: manifestCounts,
  summary: counts(['edges', ...VERDICTS, 'invalid']),
  items: listOf(fields(ITEM)),
  repair: optional(fields(REPAIR)),
  hosts: valuesOf(fields(HOST)),
};
