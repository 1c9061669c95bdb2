import type { PromoterManifest } from '../manifest/model.ts';
import type { Plan, PlanItem } from '../plan/plan.ts';
import type { RecordedFinding } from '../plan/recorded-plan.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { RuleLevel } from './rule-settings.ts';

/** A result of a rule, as in plan files. An error blocks its own edges and no others; a warning blocks none. */
export type Finding = RecordedFinding;

/** The result of a rule. Its rule, and its level unless the result is only ever a warning, are added by `run-checks.ts`. */
export type Found = Omit<Finding, 'rule' | 'level'> & { readonly level?: 'warn' };

export interface LeveledRule {
  readonly name: string;
  /** The default; settings may have another one. */
  readonly level: RuleLevel;
}

/** The result of a rule about manifests. */
export type ManifestFound = Omit<Found, 'edges'> & {
  /** Whether an error blocks this edge. Unset: it blocks none. */
  readonly concerns?: (item: PlanItem) => boolean;
};

/** A check of manifests alone: pure. */
export interface ManifestRule extends LeveledRule {
  readonly check: (manifests: readonly PromoterManifest[]) => Iterable<ManifestFound>;
}

/** A check of a plan before it is applied. It reports each finding at once, so a stopped run keeps its findings. */
export interface PlanRule extends LeveledRule {
  /** True for a rule that reads the manifest of every image to copy: it costs least if that is read at once. */
  readonly readsManifests?: boolean;
  readonly check: (plan: Plan, context: CheckContext, signal: AbortSignal) => Promise<void>;
}

export interface CheckContext extends CheckPorts {
  readonly report: (found: Found) => void;
}

export interface CheckPorts {
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Concurrent images of one source host; the transport bounds the requests. */
  readonly workers: number;
}
