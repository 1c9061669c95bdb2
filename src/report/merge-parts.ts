import { sortedBy } from '../base/sorted.ts';
import type { ShardReport } from './check-shards.ts';
import type { HostCounts, MergedShard } from './report.ts';

/** What reports of every kind say of the run. */
interface Timed {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly stopped: boolean;
}

/** From the first beginning to the last end, by the clocks of their machines; stopped where one of them was. */
export function mergeTimes(reports: readonly Timed[]): Timed {
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

/** What is kept of the report of a shard. */
export function describeShard<R extends Timed & { readonly summary: { readonly edges: number } }>({
  shard,
  report,
}: ShardReport<R>): MergedShard {
  const { startedAt, durationMs, stopped, summary } = report;
  return { ...shard, startedAt, durationMs, stopped, edges: summary.edges };
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
  return {
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
    interrupted: a.interrupted + b.interrupted,
    throttled: a.throttled + b.throttled,
    identities: Array.from(new Set([...a.identities, ...b.identities])).toSorted(),
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}
