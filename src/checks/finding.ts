import type { RecordedFinding } from '../plan/recorded-plan.ts';

/** A result of a rule, as a plan file keeps it. An error blocks its own edges, and no other; a warning blocks nothing. */
export type Finding = RecordedFinding;

/** What a rule reports: its own name is added by whoever runs it. */
export type Found = Omit<Finding, 'rule'>;
