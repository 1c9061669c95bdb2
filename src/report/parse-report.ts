import type { JsonObject } from '../base/json.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import type {
  Decision,
  HostReport,
  Mode,
  Report,
  ReportFinding,
  ReportItem,
  Result,
  Summary,
} from './report.ts';
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
  return withDefaults(document);
}

/** A report of a version of the program without checks has no findings, and no edge is blocked. */
function withDefaults(report: Report): Report {
  const hosts = Object.entries(report.hosts).map(
    ([name, host]) => [name, { ...host, edges: withBlocked(host.edges) }] as const,
  );
  return {
    ...report,
    summary: withBlocked(report.summary),
    findings: report.findings ?? [],
    hosts: Object.fromEntries(hosts),
  };
}

function withBlocked<Counts extends object>(counts: Counts): Counts {
  return { blocked: 0, ...counts };
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

const FINDING: Shape<ReportFinding> = {
  rule: text,
  level: oneOf(['warn', 'error']),
  message: text,
  advice: optional(text),
  at: text,
  edges: listOf(text),
};

/** Counts by decision; reports of versions without checks have none of blocked edges. */
function countsOf(names: readonly string[]) {
  return fields({ ...Object.fromEntries(names.map((name) => [name, count])), blocked: optional(count) });
}

const HOST: Shape<HostReport> = {
  edges: countsOf(EDGE_DECISIONS),
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
  summary: countsOf(SUMMARY),
  findings: optional(listOf(fields(FINDING))),
  items: listOf(fields(ITEM)),
  hosts: valuesOf(fields(HOST)),
};
