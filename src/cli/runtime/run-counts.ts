import type { OciRegistry } from '../../adapters/oci/oci-registry.ts';
import type { HostTraffic, Traffic } from '../../ports/traffic.ts';

// The clients of a process count from its start. A run reports the difference since its own start.

/** The traffic from now on, without hosts that have no request since. Only the first run of a process has it over time. */
export function trafficSince(traffic: Traffic): Traffic {
  const before = new Map(Array.from(traffic.hosts(), ([host, counts]) => [host, { ...counts }]));
  const since = ([host, counts]: readonly [string, HostTraffic]): (readonly [string, HostTraffic])[] => {
    const old = before.get(host);
    if (old === undefined) return [[host, counts]];
    if (old.requests === counts.requests && old.retries === counts.retries) return [];
    return [[host, subtract(counts, old)]];
  };
  return { hosts: () => new Map(Array.from(traffic.hosts()).flatMap(since)) };
}

function subtract(counts: HostTraffic, old: HostTraffic): HostTraffic {
  return {
    requests: counts.requests - old.requests,
    retries: counts.retries - old.retries,
    interrupted: counts.interrupted - old.interrupted,
    throttled: counts.throttled - old.throttled,
    identities: counts.identities,
    bytesIn: counts.bytesIn - old.bytesIn,
    bytesOut: counts.bytesOut - old.bytesOut,
  };
}

/** The invalid names from now on, by host. */
export function invalidNamesSince(names: OciRegistry['invalidNames']): OciRegistry['invalidNames'] {
  const before = new Map(names.hosts());
  return {
    hosts: () =>
      new Map(
        Array.from(names.hosts(), ([host, { count, example }]) => {
          return [host, { count: count - (before.get(host)?.count ?? 0), example }] as const;
        }).filter(([, { count }]) => count > 0),
      ),
  };
}
