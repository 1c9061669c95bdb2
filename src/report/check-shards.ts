import { CodedError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { ManifestCounts } from './report.ts';

/** A report, and what its file is called. */
export interface Named<R> {
  readonly name: string;
  readonly report: R;
}

/** What reports of every kind say. */
interface AnyReport {
  readonly stopped: boolean;
  readonly shard?: ShardIdentity;
  readonly shards?: readonly unknown[];
  readonly plan?: string;
  readonly manifests: ManifestCounts;
}

/** How reports of one kind are told apart. */
export interface ReportKind<R> {
  /** What a run was for: `a dry-run`. Shards of one whole are alike in that. */
  readonly describe: (report: R) => string;
  /** What rules have found; every shard finds all of it. */
  readonly malformedOf: (report: R) => readonly unknown[];
}

/** Reports that are not the shards of one whole. */
export class MergeError extends CodedError<'no-shard' | 'different' | 'overlap' | 'missing'> {}

export interface ShardReport<R> extends Named<R> {
  readonly shard: ShardIdentity;
}

/**
 * The shards that some reports are of, by index. Throws a `MergeError`, naming the files, where they are not all the
 * shards of one run, each once.
 */
export function checkShards<R extends AnyReport>(
  reports: readonly Named<R>[],
  kind: ReportKind<R>,
): readonly [ShardReport<R>, ...ShardReport<R>[]] {
  const [first, ...others] = reports.map(asShard).toSorted((a, b) => a.shard.index - b.shard.index);
  if (first === undefined) throw new MergeError('missing', 'there is no report to merge');
  for (const other of others) refuseDifferent([first, other], kind);
  refuseOverlap([first, ...others]);
  refuseMissing([first, ...others]);
  return [first, ...others];
}

function asShard<R extends AnyReport>({ name, report }: Named<R>): ShardReport<R> {
  if (report.shard !== undefined) return { name, report, shard: report.shard };
  const found = report.shards === undefined ? 'a whole run' : 'shards that are merged already';
  throw new MergeError('no-shard', `${quote(name)} is the report of ${found}: expected that of one shard`);
}

type Pair<R> = readonly [ShardReport<R>, ShardReport<R>];

/** Shards of one run have seen the same manifests, and so have the same to say of them. */
function refuseDifferent<R extends AnyReport>(pair: Pair<R>, kind: ReportKind<R>): void {
  const difference = differenceOf(pair, kind);
  if (difference === undefined) return;
  const [one, other] = pair.map(({ name }) => quote(name));
  throw new MergeError('different', `${one} and ${other} are not shards of one run: ${difference}`);
}

function differenceOf<R extends AnyReport>(
  [one, other]: Pair<R>,
  { describe, malformedOf }: ReportKind<R>,
): string | undefined {
  const [a, b] = [one.report, other.report];
  if (one.shard.count !== other.shard.count) {
    return `the first is one of ${one.shard.count} shards, the second one of ${other.shard.count}`;
  }
  if (describe(a) !== describe(b)) return `the first is ${describe(a)}, the second ${describe(b)}`;
  if (one.shard.input !== other.shard.input) {
    const early = [one, other].filter(({ report }) => report.stopped).map(({ name }) => quote(name));
    const hint =
      early.length === 0 ? '' : ` (${early.join(' and ')} was stopped, perhaps before it had read them)`;
    return a.plan === undefined || b.plan === undefined
      ? `their manifests want different images${hint}`
      : 'their plans are different ones';
  }
  if (!isSame(a.manifests, b.manifests)) return 'their manifests have different numbers of entries';
  return isSame(malformedOf(a), malformedOf(b))
    ? undefined
    : 'their manifests have different malformed entries';
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refuseOverlap(shards: readonly ShardReport<unknown>[]): void {
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
function refuseMissing(shards: readonly ShardReport<unknown>[]): void {
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
