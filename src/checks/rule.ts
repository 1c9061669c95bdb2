import type { PromoterManifest } from '../manifest/model.ts';
import type { Plan } from '../plan/plan.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Found } from './finding.ts';

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
