import { CodedError } from '../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { oneLine, quote } from '../base/text.ts';
import { parseDigest } from '../image/digest.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import type {
  Decision,
  HostReport,
  ManifestCounts,
  MergedShard,
  Mode,
  Report,
  ReportItem,
  Result,
  Summary,
} from './report.ts';

/** A text is not a report of this program that this version understands. */
export class ReportFormatError extends CodedError<'json' | 'version' | 'shape'> {}

/** The report that a text is. Fields that are not known are kept. Throws a `ReportFormatError`. */
export function parseReport(text: string): Report {
  const document = parseJsonObject(text);
  if (document === undefined)
    throw new ReportFormatError(
      'json',
      'it is not a JSON object, which a report is: was the run killed while it wrote it?',
    );
  if (document['version'] !== 1) {
    const found = JSON.stringify(document['version']) ?? 'none';
    throw new ReportFormatError(
      'version',
      `it is not a report of version 1: its "version" is ${oneLine(found)}`,
    );
  }
  assertReport(document);
  return document;
}

function assertReport(document: JsonObject): asserts document is JsonObject & Report {
  const flaw = fields(REPORT)(document);
  if (flaw === undefined) return;
  throw new ReportFormatError('shape', `it is not a report: ${quote(flaw.slice(1))} is missing or malformed`);
}

/** Undefined for a good value; for a bad one the way to what is bad in it: `.edges.copy`, or '' for all of it. */
type Check = (value: unknown) => string | undefined;

/** A check for each field: a new one does not compile until it has its own. */
type Shape<T> = Readonly<Record<keyof T, Check>>;

const verify =
  (isGood: (value: unknown) => boolean): Check =>
  (value) =>
    isGood(value) ? undefined : '';
const text = verify((value) => typeof value === 'string');
const textOrNull = verify((value) => typeof value === 'string' || value === null);
const flag = verify((value) => typeof value === 'boolean');
const count = verify((value) => Number.isSafeInteger(value) && Number(value) >= 0);
const milliseconds = verify((value) => Number.isFinite(value));
const time = verify((value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
const digest = verify((value) => typeof value === 'string' && parseDigest(value) !== undefined);
const oneOf = (values: readonly string[]) => verify((value) => values.some((one) => one === value));
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);
const counts = (names: readonly string[]) => fields(Object.fromEntries(names.map((name) => [name, count])));

const MODES: readonly Mode[] = ['parse-only', 'dry-run', 'promotion'];
const DECISIONS: readonly Decision[] = [...EDGE_DECISIONS, 'invalid'];
const RESULTS: readonly Result[] = ['copied', 'failed', 'not-attempted'];
const SUMMARY: readonly (keyof Summary)[] = ['edges', ...DECISIONS, ...RESULTS];
const MANIFESTS: readonly (keyof ManifestCounts)[] = ['projects', 'images', 'digests'];

const SHARD = { index: count, count, input: digest };
/** Its index is below its count. */
const shard: Check = (value) =>
  fields(SHARD)(value) ??
  (isObject(value) && Number(value['index']) < Number(value['count']) ? undefined : '.index');

const MERGED_SHARD: Shape<MergedShard> = {
  ...SHARD,
  startedAt: time,
  durationMs: milliseconds,
  stopped: flag,
  edges: count,
};

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
  requests: count,
  retries: count,
  interrupted: count,
  throttled: count,
  identities: listOf(text),
  bytesIn: count,
  bytesOut: count,
};

const REPORT: Shape<Report> = {
  version: count,
  mode: oneOf(MODES),
  startedAt: time,
  durationMs: milliseconds,
  stopped: flag,
  shard: optional(shard),
  shards: optional(listOf(fields(MERGED_SHARD))),
  manifests: counts(MANIFESTS),
  summary: counts(SUMMARY),
  items: listOf(fields(ITEM)),
  hosts: valuesOf(fields(HOST)),
};

function fields(shape: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(shape);
  return (value) => {
    if (!isObject(value)) return '';
    for (const [name, check] of checks) {
      const flaw = check(value[name]);
      if (flaw !== undefined) return `.${name}${flaw}`;
    }
    return undefined;
  };
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const [index, item] of value.entries()) {
      const flaw = check(item);
      if (flaw !== undefined) return `[${index}]${flaw}`;
    }
    return undefined;
  };
}

function valuesOf(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return '';
    for (const [name, one] of Object.entries(value)) {
      const flaw = check(one);
      if (flaw !== undefined) return `.${name}${flaw}`;
    }
    return undefined;
  };
}
