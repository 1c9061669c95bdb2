import type { PromoterManifest } from '../manifest/model.ts';
import type { Plan } from '../plan/plan.ts';
import type { RecordedFinding } from '../plan/recorded-plan.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';

/** A result of a rule, as in plan files. An error blocks its own edges and no others; a warning blocks none. */
export type Finding = RecordedFinding;

/** The result of a rule without the rule's name, which `runChecks` adds. */
export type Found = Omit<Finding, 'rule'>;

/** A check of manifests alone: pure. */
export interface ManifestRule {
  readonly name: string;
  readonly check: (manifests: readonly PromoterManifest[]) => Iterable<Found>;
}

/** A check of a plan before it is applied. It reports each finding at once, so a stopped run keeps its findings. */
export interface PlanRule {
  readonly name: string;
  readonly check: (
    plan: Plan,
    context: CheckPorts & { readonly report: (found: Found) => void },
    signal: AbortSignal,
  ) => Promise<void>;
}

export interface CheckPorts {
  readonly source: ReadRegistry;
  readonly destination: ReadRegistry;
  readonly progress: Progress;
  /** Concurrent images of one source host; the transport bounds the requests. */
  readonly workers: number;
}
