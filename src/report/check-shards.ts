import { InputFault } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Digest } from '../image/digest.ts';
import type { EnvelopeItem } from './envelope.ts';
import type { Report } from './report.ts';

/** A report and the name of its file. */
export interface Named<R> {
  readonly name: string;
  readonly report: R;
}

/** Reports that are not the shards of one whole. */
export class MergeError extends InputFault<'no-shard' | 'different' | 'overlap' | 'missing'> {}

export interface ShardReport<R> extends Named<R> {
  readonly shard: ShardIdentity;
}

/**
 * The shards that the reports are of, by index. Throws a `MergeError`, naming the files, unless they are all the shards
 * of one run, each once.
 */
export function checkShards<R extends Report>(
  reports: readonly Named<R>[],
): readonly [ShardReport<R>, ...ShardReport<R>[]] {
  const [first, ...others] = reports.map(asShard).toSorted((a, b) => a.shard.index - b.shard.index);
  if (first === undefined) throw new MergeError('missing', 'there is no report to merge');
  for (const other of others) refuseDifferent([first, other]);
  refuseOverlap([first, ...others]);
  refuseMissing([first, ...others]);
  return [first, ...others];
}

/** Malformed entries of manifests, which every shard reports. */
export function malformedEntriesOf({ items }: Report): readonly EnvelopeItem[] {
  return Array.from<EnvelopeItem>(items).filter(({ destination }) => destination === null);
}

function asShard<R extends Report>({ name, report }: Named<R>): ShardReport<R> {
  if (report.shard !== undefined) return { name, report, shard: report.shard };
  const kind = report.shards === undefined ? 'a whole run' : 'shards that are merged already';
  throw new MergeError('no-shard', `${quote(name)} is the report of ${kind}: expected that of one shard`);
}

/** The digest of the plan file that a run has applied. */
export function planOf(report: Report): Digest | undefined {
  return 'plan' in report ? report.plan : undefined;
}

type Pair = readonly [ShardReport<Report>, ShardReport<Report>];

/** Shards of one run have read the same manifests. */
function refuseDifferent(pair: Pair): void {
  const difference = differenceOf(pair);
  if (difference === undefined) return;
  const [one, other] = pair.map(({ name }) => quote(name));
  throw new MergeError('different', `${one} and ${other} are not shards of one run: ${difference}`);
}

function differenceOf([one, other]: Pair): string | undefined {
  const [a, b] = [one.report, other.report];
  if (one.shard.count !== other.shard.count) {
    return `the first is one of ${one.shard.count} shards, the second one of ${other.shard.count}`;
  }
  if (describe(a) !== describe(b)) return `the first is ${describe(a)}, the second ${describe(b)}`;
  if (one.shard.input !== other.shard.input) {
    const early = [one, other].filter(({ report }) => report.stopped).map(({ name }) => quote(name));
    const hint =
      early.length === 0 ? '' : ` (${early.join(' and ')} was stopped, perhaps before it had read them)`;
    return planOf(a) === undefined
      ? `their manifests want different images${hint}`
      : 'their plans are different ones';
  }
  if (!isSame(entriesOf(a), entriesOf(b))) return 'their manifests have different numbers of entries';
  return isSame(explanationsOf(a), explanationsOf(b))
    ? undefined
    : 'their manifests have different malformed entries';
}

/** Without `destinations`, which older versions do not count. */
function entriesOf({ manifests: { projects, images, digests } }: Report): unknown {
  return { projects, images, digests };
}

/** Shards may be of several versions of the program, so that other fields may differ. */
function explanationsOf(report: Report): unknown {
  return malformedEntriesOf(report).map(({ reason, at }) => ({ reason, at }));
}

function describe(report: Report): string {
  if (report.mode !== 'verify') {
    return planOf(report) === undefined ? KINDS[report.mode] : `${KINDS[report.mode]} by a plan file`;
  }
  const { deep, via, repair } = report;
  const flags = [
    ...(deep ? ['-deep'] : []),
    ...(repair === undefined ? [] : ['-repair']),
    ...(repair?.confirmed ? ['-confirm'] : []),
    ...(via === null ? [] : [`-via=${via}`]),
  ];
  return `a verification${flags.length === 0 ? '' : ` with ${flags.join(' ')}`}`;
}

const KINDS = {
  'parse-only': 'a run with -parse-only',
  'dry-run': 'a dry run',
  promotion: 'a promotion',
  audit: 'an audit',
  sigcheck: 'a signature check',
} as const;

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refuseOverlap(shards: readonly ShardReport<Report>[]): void {
  for (const [position, { name, shard }] of shards.entries()) {
    const before = shards[position - 1];
    if (before?.shard.index !== shard.index) continue;
    throw new MergeError(
      'overlap',
      `${quote(before.name)} and ${quote(name)} are both of shard ${shard.index}/${shard.count}: give one of them`,
    );
  }
}

/** Missing shards that are named. */
const MAX_NAMED = 20;

/** Expects shards without overlaps. */
function refuseMissing(shards: readonly ShardReport<Report>[]): void {
  const count = shards[0]?.shard.count ?? 0;
  if (shards.length === count) return;
  const there = new Set(shards.map(({ shard }) => shard.index));
  const missing: string[] = [];
  for (let index = 0; index < count && missing.length <= MAX_NAMED; index++) {
    if (!there.has(index)) missing.push(`${index}/${count}`);
  }
  const named = missing.length > MAX_NAMED ? [...missing.slice(0, MAX_NAMED), '…'] : missing;
  throw new MergeError(
    'missing',
    `${count - shards.length} of ${count} shards missing: ${named.join(', ')}: give the reports of all of them`,
  );
}
