import type { Clock } from '../ports/clock.ts';
import type { TrafficOverTime, TrafficSeries } from '../ports/traffic.ts';

/** Steps of a history. More than these are joined in pairs, so that it stays small however long a run takes. */
const MAX_STEPS = 30;
const FIRST_STEP_MS = 1000;

type Series = Record<TrafficSeries, number[]>;

/** Traffic over time, by host, in steps of equal length since the start. */
export class TrafficHistory {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #start: number;
  readonly #hosts = new Map<string, Series>();
  #stepMs = FIRST_STEP_MS;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#start = clock.monotonic();
  }

  add(host: string, series: TrafficSeries, count: number): void {
    let step = this.#step();
    while (step >= MAX_STEPS) {
      this.#joinPairs();
      step = this.#step();
    }
    const counts = (this.#hosts.get(host) ?? this.#open(host))[series];
    while (counts.length <= step) counts.push(0);
    counts[step] = (counts[step] ?? 0) + count;
  }

  /** Undefined for a host without traffic. */
  of(host: string): TrafficOverTime | undefined {
    const series = this.#hosts.get(host);
    return series === undefined ? undefined : { stepMs: this.#stepMs, ...series };
  }

  #step(): number {
    return Math.floor((this.#clock.monotonic() - this.#start) / this.#stepMs);
  }

  #open(host: string): Series {
    const series: Series = { requests: [], retries: [], throttled: [], bytesIn: [], bytesOut: [] };
    this.#hosts.set(host, series);
    return series;
  }

  #joinPairs(): void {
    this.#stepMs *= 2;
    for (const series of this.#hosts.values()) {
      series.requests = joinPairs(series.requests);
      series.retries = joinPairs(series.retries);
      series.throttled = joinPairs(series.throttled);
      series.bytesIn = joinPairs(series.bytesIn);
      series.bytesOut = joinPairs(series.bytesOut);
    }
  }
}

function joinPairs(counts: readonly number[]): number[] {
  return counts.flatMap((count, step) => (step % 2 === 0 ? [count + (counts[step + 1] ?? 0)] : []));
}
