import { compareText } from '../../base/sorted.ts';
import type { HostTraffic, Traffic } from '../../ports/traffic.ts';

/** The traffic of a host. */
export interface HostRate {
  readonly host: string;
  readonly requestsPerSecond: number;
  /** In and out. */
  readonly bytesPerSecond: number;
  /** Answers 429 and repeated requests since the run began. */
  readonly throttled: number;
  readonly retries: number;
  /** It has recently answered 429. */
  readonly isThrottling: boolean;
}

type Counts = Pick<HostTraffic, 'requests' | 'bytesIn' | 'bytesOut' | 'throttled'>;

interface Sample {
  readonly at: number;
  readonly hosts: ReadonlyMap<string, Counts>;
}

/** Milliseconds between two samples. */
const SPACING = 1000;
const NOTHING: Counts = { requests: 0, bytesIn: 0, bytesOut: 0, throttled: 0 };

/** Recent traffic by host: the difference to an earlier sample. */
export class HostRates {
  readonly #traffic: Traffic;
  readonly #window: number;
  /** The base of the rates: as old as the window, or slightly older. */
  #oldest: Sample;
  /** Ordered by time. */
  #later: Sample[] = [];

  /** `window`: milliseconds. */
  constructor(traffic: Traffic, { now, window }: { now: number; window: number }) {
    this.#traffic = traffic;
    this.#window = window;
    this.#oldest = takeSample(traffic, now);
  }

  /** Hosts with recent requests; none in the first second. */
  read(now: number): HostRate[] {
    for (
      let next = this.#later[0];
      next !== undefined && now - next.at >= this.#window;
      next = this.#later[0]
    ) {
      this.#oldest = next;
      this.#later.shift();
    }
    const oldest = this.#oldest;
    const newest = this.#later.at(-1) ?? oldest;
    if (now - newest.at >= SPACING) this.#later.push(takeSample(this.#traffic, now));
    const elapsed = now - oldest.at;
    if (elapsed < SPACING) return [];
    return Array.from(this.#traffic.hosts())
      .map(([host, counts]) => rateOf(host, counts, { before: oldest.hosts.get(host) ?? NOTHING, elapsed }))
      .filter(({ requestsPerSecond, bytesPerSecond }) => requestsPerSecond > 0 || bytesPerSecond > 0)
      .toSorted(compareHosts);
  }
}

function takeSample(traffic: Traffic, at: number): Sample {
  const hosts = new Map<string, Counts>();
  for (const [host, { requests, bytesIn, bytesOut, throttled }] of traffic.hosts()) {
    hosts.set(host, { requests, bytesIn, bytesOut, throttled });
  }
  return { at, hosts };
}

function rateOf(
  host: string,
  now: HostTraffic,
  { before, elapsed }: { before: Counts; elapsed: number },
): HostRate {
  const seconds = elapsed / 1000;
  return {
    host,
    requestsPerSecond: (now.requests - before.requests) / seconds,
    bytesPerSecond: (now.bytesIn + now.bytesOut - before.bytesIn - before.bytesOut) / seconds,
    throttled: now.throttled,
    retries: now.retries,
    isThrottling: now.throttled > before.throttled,
  };
}

function compareHosts(a: HostRate, b: HostRate): number {
  return (
    Number(b.isThrottling) - Number(a.isThrottling) ||
    b.requestsPerSecond - a.requestsPerSecond ||
    compareText(a.host, b.host)
  );
}
