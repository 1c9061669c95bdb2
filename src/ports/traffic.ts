/** What was asked of one host, counted at the wire. */
export interface HostTraffic {
  readonly requests: number;
  readonly retries: number;
  /** Blobs that did not get through in one go, either way: they go on where they broke off, or are sent once more. */
  readonly interrupted: number;
  /** Answers 429. */
  readonly throttled: number;
  /** Who has asked, where the host wanted to know: names, never secrets; sorted. */
  readonly identities: readonly string[];
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The counts of a run, by host. */
export interface Traffic {
  hosts(): ReadonlyMap<string, HostTraffic>;
}
