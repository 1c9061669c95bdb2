/** Time and chance, so that a test can have its own. */
export interface Clock {
  /**
   * Milliseconds since the epoch, which may step back or forth at any moment: for reports and logs, and to compare with
   * dates that others set.
   */
  wallTime(): number;
  /** Milliseconds since some moment, which never step: for everything that takes or lasts a time. */
  monotonic(): number;
  /** Waits; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
