import type { JsonObject } from '../base/json.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import type { Decision, HostReport, Mode, Report, ReportItem, Result, Summary } from './report.ts';
import {
  assertShape,
  count,
  counts,
  fields,
  flag,
  listOf,
  milliseconds,
  oneOf,
  optional,
  parseDocument,
  type Shape,
  text,
  textOrNull,
  time,
  valuesOf,
} from './report-document.ts';
import { manifestCounts, mergedShards, shard, TRAFFIC } from './report-shapes.ts';

/** The report that a text is. Fields that are not known are kept. Throws a `ReportFormatError`. */
export function parseReport(text: string): Report {
  return asReport(parseDocument(text));
}

/** The report of a promotion that a document is. Throws a `ReportFormatError`. */
export function asReport(document: JsonObject): Report {
  assertShape(document, REPORT);
  return document;
}

const MODES: readonly Mode[] = ['parse-only', 'dry-run', 'promotion'];
const DECISIONS: readonly Decision[] = [...EDGE_DECISIONS, 'invalid'];
const RESULTS: readonly Result[] = ['copied', 'failed', 'not-attempted'];
const SUMMARY: readonly (keyof Summary)[] = ['edges', ...DECISIONS, ...RESULTS];

const ITEM: Shape<ReportItem> = {
  decision: oneOf(DECISIONS),
  source: textOrNull,
  destination: textOrNull,
  digest: textOrNull,
  outcome: oneOf([...RESULTS, 'present']),
  reason: text,
  at: text,
};

const HOST: Shape<HostReport> = {
  edges: counts(EDGE_DECISIONS),
  repositories: counts(['byListing', 'byHead']),
  ...TRAFFIC,
};

const REPORT: Shape<Report> = {
  version: count,
  mode: oneOf(MODES),
  startedAt: time,
  durationMs: milliseconds,
  stopped: flag,
  shard: optional(shard),
  shards: optional(mergedShards),
  manifests: manifestCounts,
  summary: counts(SUMMARY),
  items: listOf(fields(ITEM)),
  hosts: valuesOf(fields(HOST)),
};
