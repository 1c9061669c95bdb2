/** The traffic with one host, counted at the wire. */
export interface HostTraffic {
  readonly requests: number;
  readonly retries: number;
  /** Interrupted transfers of blobs in either direction, which are resumed or repeated. */
  readonly interrupted: number;
  /** Answers 429. */
  readonly throttled: number;
  /** The identities that were sent to the host: names, never secrets; sorted. */
  readonly identities: readonly string[];
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Unset: not recorded. */
  readonly overTime?: TrafficOverTime | undefined;
}

/** Counts of steps of equal length from the start of the run; those after the last one of a series are 0. */
export interface TrafficOverTime extends Readonly<Record<TrafficSeries, readonly number[]>> {
  readonly stepMs: number;
}

export type TrafficSeries = 'requests' | 'retries' | 'throttled' | 'bytesIn' | 'bytesOut';

/** The counts of a run, by host. */
export interface Traffic {
  hosts(): ReadonlyMap<string, HostTraffic>;
}
