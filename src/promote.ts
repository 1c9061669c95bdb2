import { applyPlan } from './copy/apply-plan.ts';
import type { Outcome } from './copy/outcome.ts';
import { readOnce } from './copy/read-once.ts';
import { expandEdges } from './edges/expand-edges.ts';
import type { Shard } from './edges/shard.ts';
import { takeShard } from './edges/take-shard.ts';
import { without } from './edges/without.ts';
import type { Repository } from './image/repository.ts';
import { countReadings } from './inventory/count-readings.ts';
import type { DestinationState } from './inventory/inventory.ts';
import { readInWaves } from './inventory/read-inventory.ts';
import type { ReadManifests } from './manifest/model.ts';
import { makePlan } from './plan/make-plan.ts';
import { mergePlans } from './plan/merge-plans.ts';
import type { Plan, PlanItem } from './plan/plan.ts';
import { planUnread } from './plan/plan-unread.ts';
import type { Clock } from './ports/clock.ts';
import type { Progress } from './ports/progress.ts';
import type { WriteRegistry } from './ports/registry.ts';
import type { Spool } from './ports/spool.ts';
import type { Traffic } from './ports/traffic.ts';
import { makeReport } from './report/make-report.ts';
import type { RunReport } from './report/report.ts';

export interface PromotionRequest {
  readonly read: ReadManifests;
  /** Undefined for all that the manifests want. */
  readonly shard?: Shard | undefined;
  /** Without it nothing is written. */
  readonly confirm: boolean;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Requests at a time. */
  readonly threads: number;
}

export interface PromotionPorts {
  readonly registry: WriteRegistry;
  readonly traffic: Traffic;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Waits for as long as a host may leave the others waiting. Unset: all hosts are waited for. */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
  /** Nothing new is begun once it aborts. */
  readonly stopping: AbortSignal;
  /** Ends what is in flight as well. */
  readonly signal: AbortSignal;
}

/** The way an image takes: manifest → edges → inventory → plan → copy → report. A stopped run still has a report. */
export async function promote(request: PromotionRequest, ports: PromotionPorts): Promise<RunReport> {
  const { confirm, reportAll: keepPresent, threads } = request;
  const { clock, progress, registry: destination, signal, spool, stopping } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const wanted = takeShard(expandEdges(request.read.manifests), request.shard);
  const source = confirm ? readOnce(destination) : destination; // a dry run only looks, so there is nothing to keep
  const plans: Plan[] = [];
  const outcomes = new Map<PlanItem, Outcome>();
  let readings: ReturnType<typeof countReadings> = new Map();
  let unread = wanted;
  const destinations = new Map<Repository, DestinationState>();
  try {
    const reading = { source, destination, progress, workers: threads, pause: ports.pause, destinations };
    for await (const wave of readInWaves(wanted, reading, AbortSignal.any([stopping, signal]))) {
      unread = without(unread, wave.wanted);
      readings = countReadings(wave.inventory);
      const plan = makePlan(wave.wanted, wave.inventory, { keepPresent });
      plans.push(plan);
      if (!confirm) continue;
      const copying = { source, destination, spool, clock, progress, threads, stopping };
      for (const [item, outcome] of await applyPlan(plan, copying, signal)) outcomes.set(item, outcome);
    }
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
  return makeReport({
    mode: confirm ? 'promotion' : 'dry-run',
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped: stopping.aborted,
    edges: wanted.edges,
    shard: wanted.shard,
    plan: mergePlans([...plans, planUnread(unread, destinations)]),
    readings,
    outcomes,
    problems: request.read.problems,
    manifests: request.read.counts,
    traffic: ports.traffic.hosts(),
  });
}
