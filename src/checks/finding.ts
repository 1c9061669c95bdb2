import type { RecordedFinding } from '../plan/recorded-plan.ts';

/** A result of a rule, as in plan files. An error blocks its own edges and no others; a warning blocks none. */
export type Finding = RecordedFinding;

/** The result of a rule without the rule's name, which `runChecks` adds. */
export type Found = Omit<Finding, 'rule'>;
