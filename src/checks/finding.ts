import type { Position } from '../base/position.ts';
import type { EdgeId } from '../plan/plan.ts';

/** A result of a rule. An error blocks its own edges, and no other; a warning blocks nothing. */
export interface Finding {
  /** The name of the rule. */
  readonly rule: string;
  readonly level: 'warn' | 'error';
  /** One line: what is wrong and where. */
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
  /** Undefined for a finding about the whole run. */
  readonly at: Position | undefined;
  /** The edges that it concerns. */
  readonly edges: readonly EdgeId[];
}

/** What a rule reports: its own name is added by whoever runs it. */
export type Found = Omit<Finding, 'rule'>;
