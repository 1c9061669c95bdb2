import { applyPlanFile, type ApplyRequest } from '../../src/apply.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { decodePlan, type PlanFile } from '../../src/plan/plan-codec.ts';
import type { RecordedPlan } from '../../src/plan/recorded-plan.ts';
import type { SourceTree } from '../../src/ports/source-tree.ts';
import { promote, type PromotionRequest } from '../../src/promote.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import type { MemoryRegistry } from '../doubles/memory-registry.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';
import { kept } from './kept.ts';
import { encoded } from './plans.ts';

const NEVER = new AbortController().signal;

function portsFor(registry: MemoryRegistry, clock: VirtualClock) {
  return {
    registry,
    destination: registry,
    traffic: { hosts: () => new Map() },
    spool: new MemorySpool(),
    clock,
    progress: new RecordingProgress(),
    stopping: NEVER,
    signal: NEVER,
  };
}

/** A promotion in virtual time; by default a dry run. */
export async function promoteIn(
  registry: MemoryRegistry,
  manifests: readonly PromoterManifest[],
  changes: Partial<PromotionRequest> = {},
  stopping = NEVER,
): Promise<PromotionReport> {
  const clock = new VirtualClock();
  const read = { manifests, problems: [], counts: { projects: 1, images: 1, digests: 1 } };
  const request = { read, confirm: false, reportAll: false, threads: 8, ...changes };
  return kept(await clock.until(promote(request, { ...portsFor(registry, clock), stopping })));
}

/** The plan of a dry run, written to a file and read again. The calls that it took are forgotten. */
export async function planFileOf(
  registry: MemoryRegistry,
  manifests: readonly PromoterManifest[],
  changes: Partial<PromotionRequest> = {},
  { tree, stopping }: { readonly tree?: SourceTree; readonly stopping?: AbortSignal } = {},
): Promise<PlanFile> {
  let plan: RecordedPlan | undefined;
  const keep = (made: RecordedPlan) => void (plan = made);
  await promoteIn(registry, manifests, { record: { tool: 'test', keep, tree }, ...changes }, stopping);
  registry.calls.length = 0;
  if (plan === undefined) throw new Error('no plan was kept');
  return decodePlan(Buffer.from(encoded(plan)));
}

/** Applies a plan file, confirmed, in virtual time. */
export async function applyIn(
  registry: MemoryRegistry,
  file: PlanFile,
  changes: Partial<ApplyRequest> = {},
): Promise<PromotionReport> {
  const clock = new VirtualClock();
  const request = { file, confirm: true, reportAll: false, threads: 8, ...changes };
  return kept(await clock.until(applyPlanFile(request, portsFor(registry, clock))));
}
