import { sortedBy } from '../base/sorted.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import { checkShards, type Named } from './check-shards.ts';
import type { HostCounts, ManifestCounts, MergedShard } from './report.ts';

type Counts<Name extends string> = Readonly<Record<Name, number>>;

interface Timed {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly stopped: boolean;
}

/** What reports of every kind say; of malformed entries the items have no destination. */
interface AnyReport<Count extends string> extends Timed {
  readonly shard?: ShardIdentity;
  readonly shards?: readonly MergedShard[];
  readonly manifests: ManifestCounts;
  readonly summary: Counts<Count | 'edges'>;
  readonly items: readonly Item[];
}

interface Item {
  readonly destination: string | null;
}

/**
 * What the reports of all shards say together, whatever they are of: sums of the counts of `summed`, sorted items, and
 * once what every shard has seen. Throws a `MergeError`, naming the files, where they are not all the shards of one run.
 */
export function mergeShards<Count extends string, R extends AnyReport<Count>>(
  reports: readonly Named<R>[],
  { describe, summed }: { readonly describe: (report: R) => string; readonly summed: readonly Count[] },
) {
  const malformedOf = ({ items }: R): R['items'][number][] =>
    items.filter(({ destination }) => destination === null);
  const shards = checkShards(reports, { describe, malformedOf });
  const all = shards.map(({ report }) => report);
  const { report: first } = shards[0];
  const summary = sumCounts(
    all.map((report): R['summary'] => report.summary),
    ['edges', ...summed],
  );
  const edges = all.flatMap(({ items }): R['items'][number][] =>
    items.filter(({ destination }) => destination !== null),
  );
  return {
    first,
    all,
    ...mergeTimes(all),
    shards: shards.map(({ shard, report }): MergedShard => {
      const { startedAt, durationMs, stopped } = report;
      return { ...shard, startedAt, durationMs, stopped, edges: report.summary.edges };
    }),
    manifests: first.manifests,
    /** Without that of malformed entries, which every shard counts. */
    summary,
    items: [...sortedBy(edges, ({ destination }) => destination ?? ''), ...malformedOf(first)],
  };
}

/** The sum of each of these counts. */
export function sumCounts<Name extends string>(
  all: readonly Counts<Name>[],
  names: readonly Name[],
): Record<Name, number> {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('there are no counts');
  const sums: Record<Name, number> = { ...first };
  for (const name of names) for (const counts of others) sums[name] += counts[name];
  return sums;
}

/** From the first beginning to the last end, by the clocks of their machines; stopped where one of them was. */
function mergeTimes(reports: readonly Timed[]): Timed {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { startedAt, durationMs } of reports) {
    begin = Math.min(begin, Date.parse(startedAt));
    end = Math.max(end, Date.parse(startedAt) + durationMs);
  }
  return {
    startedAt: new Date(begin).toISOString(),
    durationMs: end - begin,
    stopped: reports.some(({ stopped }) => stopped),
  };
}

/** What reports say of each host, together, sorted. */
export function mergeHosts<Host>(
  reports: readonly { readonly hosts: Readonly<Record<string, Host>> }[],
  add: (a: Host, b: Host) => Host,
): Record<string, Host> {
  const merged = new Map<string, Host>();
  for (const [name, host] of reports.flatMap(({ hosts }) => Object.entries(hosts))) {
    const known = merged.get(name);
    merged.set(name, known === undefined ? host : add(known, host));
  }
  return Object.fromEntries(sortedBy(merged, ([name]) => name));
}

export function addTraffic(a: HostCounts, b: HostCounts): HostCounts {
  const { requests, retries, interrupted, throttled, bytesIn, bytesOut } = sumCounts([a, b], TRAFFIC);
  const identities = Array.from(new Set([...a.identities, ...b.identities])).toSorted();
  return { requests, retries, interrupted, throttled, identities, bytesIn, bytesOut };
}

const TRAFFIC = ['requests', 'retries', 'interrupted', 'throttled', 'bytesIn', 'bytesOut'] as const;
