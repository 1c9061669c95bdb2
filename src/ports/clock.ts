/** Time and randomness; tests have their own. */
export interface Clock {
  /** Milliseconds since the epoch, which may step at any moment: for reports, logs and foreign dates. */
  wallTime(): number;
  /** Milliseconds since some moment, without steps: for durations. */
  monotonic(): number;
  /** Waits; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
