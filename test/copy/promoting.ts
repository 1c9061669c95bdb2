import { applyPlan, type CopyPorts } from '../../src/copy/apply-plan.ts';
import { cacheManifests } from '../../src/copy/manifest-cache.ts';
import type { Outcomes } from '../../src/copy/outcome.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { ReadRegistry } from '../../src/ports/registry.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import type { MemoryRegistry } from '../doubles/memory-registry.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const NEVER = new AbortController().signal;

/** A promotion between its plan and its copying. */
export interface Planned {
  readonly plan: Plan;
  readonly source: ReadRegistry;
  readonly registry: MemoryRegistry;
}

/** Reads and plans as a confirmed promotion does, then forgets the calls that it took. */
export async function plan(
  registry: MemoryRegistry,
  ...manifests: readonly PromoterManifest[]
): Promise<Planned> {
  const wanted = expandEdges(manifests);
  const source = cacheManifests(registry);
  const ports = { source, destination: registry, progress: new RecordingProgress(), workers: 8 };
  const plan = makePlan(wanted, await readInventory(wanted, ports, NEVER));
  registry.calls.length = 0;
  return { plan, source, registry };
}

export type Options = Partial<Omit<CopyPorts, 'source' | 'destination'>> & { readonly signal?: AbortSignal };

/** Does what the plan says; the outcomes read `repository:tag copied`. */
export async function apply(planned: Planned, options: Options = {}): Promise<readonly string[]> {
  return describeOutcomes(await carryOut(planned, options));
}

/** The same; the outcomes as they are. */
export function carryOut(planned: Planned, options: Options = {}): Promise<Outcomes> {
  const { signal = NEVER, ...ports } = options;
  return applyPlan(
    planned.plan,
    {
      source: planned.source,
      destination: planned.registry,
      spool: new MemorySpool(),
      clock: new FakeClock(),
      progress: new RecordingProgress(),
      threads: 8,
      stopping: NEVER,
      ...ports,
    },
    signal,
  );
}

export async function promote(
  registry: MemoryRegistry,
  ...manifests: readonly PromoterManifest[]
): Promise<readonly string[]> {
  return apply(await plan(registry, ...manifests));
}

function describeOutcomes(outcomes: Outcomes): readonly string[] {
  return Array.from(outcomes, ([edge, outcome]) => {
    const reason = outcome.result === 'copied' ? '' : `: ${outcome.reason}`;
    return `${edge} ${outcome.result}${reason}`;
  }).toSorted();
}
