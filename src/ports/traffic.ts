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
}

/** The counts of a run, by host. */
export interface Traffic {
  hosts(): ReadonlyMap<string, HostTraffic>;
}
