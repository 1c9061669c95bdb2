import type { RejectionCause } from './verdict/verdict.ts';

/** What the auditor has done since its start: the values of its metrics. */
export interface AuditorCounts {
  /** Changes by verdict. */
  verified: number;
  ignored: number;
  /** Changes that could not be judged, and are to be delivered again. */
  unreadable: number;
  rejected: Record<RejectionCause, number>;
  /** Requests by status. */
  readonly responses: Map<number, number>;
  alerts: { sent: number; counted: number; failed: number };
  inFlight: number;
}

export function noCounts(): AuditorCounts {
  return {
    verified: 0,
    ignored: 0,
    unreadable: 0,
    rejected: { malformed: 0, deletion: 0, 'unknown-repository': 0, tag: 0, digest: 0 },
    responses: new Map(),
    alerts: { sent: 0, counted: 0, failed: 0 },
    inFlight: 0,
  };
}
