import { formatPosition, type Position } from '../base/position.ts';
import { compareText } from '../base/sorted.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Envelope, EnvelopeItem, HostCounts, ManifestCounts } from './envelope.ts';

/** The input that reports of every kind need. */
export interface EnvelopeInput {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly stopped: boolean;
  readonly manifests: ManifestCounts;
  readonly problems: readonly MalformedEntry[];
  /** By host. */
  readonly traffic: ReadonlyMap<string, HostCounts>;
}

/** The result of a manifest rule; warnings are not reported. */
export interface MalformedEntry {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly message: string;
  readonly at: Position;
}

/** The fields of a report that identify the run. */
export function makeHead(
  { startedAt, durationMs, stopped, manifests }: EnvelopeInput,
  shard: ShardIdentity | undefined,
): Pick<Envelope, 'startedAt' | 'durationMs' | 'stopped' | 'shard' | 'manifests'> {
  return {
    startedAt: new Date(startedAt).toISOString(),
    durationMs: Math.round(durationMs),
    stopped,
    ...(shard === undefined ? {} : { shard }),
    manifests,
  };
}

export function errorsOf({ problems }: EnvelopeInput): readonly MalformedEntry[] {
  return problems.filter(({ severity }) => severity === 'error');
}

/** The fields of a malformed entry's item that have a value. */
export function explainMalformed({ message, rule, at }: MalformedEntry): Pick<EnvelopeItem, 'reason' | 'at'> {
  return { reason: `${message} [${rule}]`, at: formatPosition(at) };
}

const NO_TRAFFIC: HostCounts = {
  requests: 0,
  retries: 0,
  interrupted: 0,
  throttled: 0,
  identities: [],
  bytesIn: 0,
  bytesOut: 0,
};

/** The hosts that have edges or traffic, sorted; `edgesOf` makes the other fields of a host. */
export function makeHosts<Host extends object>(
  withEdges: Iterable<string>,
  traffic: ReadonlyMap<string, HostCounts>,
  edgesOf: (host: string) => Host,
): Record<string, Host & HostCounts> {
  const names = Array.from(new Set([...withEdges, ...traffic.keys()])).toSorted(compareText);
  return Object.fromEntries(
    names.map((name) => [name, { ...edgesOf(name), ...(traffic.get(name) ?? NO_TRAFFIC) }]),
  );
}
