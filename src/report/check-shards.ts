import { CodedError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Report, ReportItem } from './report.ts';

/** A report, and what its file is called. */
export interface NamedReport {
  readonly name: string;
  readonly report: Report;
}

/** Reports that are not the shards of one whole. */
export class MergeError extends CodedError<'no-shard' | 'different' | 'overlap' | 'missing'> {}

export interface ShardReport extends NamedReport {
  readonly shard: ShardIdentity;
}

/**
 * The shards that some reports are of, by index. Throws a `MergeError`, naming the files, where they are not all the
 * shards of one promotion, each once.
 */
export function checkShards(reports: readonly NamedReport[]): readonly [ShardReport, ...ShardReport[]] {
  const [first, ...others] = reports.map(asShard).toSorted((a, b) => a.shard.index - b.shard.index);
  if (first === undefined) throw new MergeError('missing', 'there is no report to merge');
  for (const other of others) refuseDifferent(first, other);
  refuseOverlap([first, ...others]);
  refuseMissing([first, ...others]);
  return [first, ...others];
}

function asShard({ name, report }: NamedReport): ShardReport {
  if (report.shard !== undefined) return { name, report, shard: report.shard };
  const found = report.shards === undefined ? 'a whole run' : 'shards that are merged already';
  throw new MergeError('no-shard', `${quote(name)} is the report of ${found}: expected that of one shard`);
}

/** Shards of one promotion have seen the same manifests, and so have the same to say of them. */
function refuseDifferent(one: ShardReport, other: ShardReport): void {
  const difference = differenceOf(one, other);
  if (difference === undefined) return;
  throw new MergeError(
    'different',
    `${quote(one.name)} and ${quote(other.name)} are not of one promotion: ${difference}`,
  );
}

function differenceOf(one: ShardReport, other: ShardReport): string | undefined {
  const [a, b] = [one.report, other.report];
  if (one.shard.count !== other.shard.count) {
    return `the first is one of ${one.shard.count} shards, the second one of ${other.shard.count}`;
  }
  if (a.mode !== b.mode) return `the first is a ${a.mode}, the second a ${b.mode}`;
  if (one.shard.input !== other.shard.input) {
    const early = [one, other].filter(({ report }) => report.stopped).map(({ name }) => quote(name));
    const hint =
      early.length === 0 ? '' : ` (${early.join(' and ')} was stopped, perhaps before it had read them)`;
    return `their manifests want different images${hint}`;
  }
  if (!isSame(a.manifests, b.manifests)) return 'their manifests have different numbers of entries';
  return isSame(malformedOf(a), malformedOf(b))
    ? undefined
    : 'their manifests have different malformed entries';
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refuseOverlap(shards: readonly ShardReport[]): void {
  for (const [position, { name, shard }] of shards.entries()) {
    const before = shards[position - 1];
    if (before?.shard.index !== shard.index) continue;
    throw new MergeError(
      'overlap',
      `${quote(before.name)} and ${quote(name)} are both of shard ${shard.index}/${shard.count}: give one of them`,
    );
  }
}

/** Of so many that are missing each is named. */
const MAX_NAMED = 20;

/** After overlaps are out of the way. */
function refuseMissing(shards: readonly ShardReport[]): void {
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

/** What rules have found; every shard finds all of it. */
export function malformedOf({ items }: Report): ReportItem[] {
  return items.filter(({ decision }) => decision === 'invalid');
}
