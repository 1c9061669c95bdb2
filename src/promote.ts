import { blockEdges } from './checks/block-edges.ts';
import type { Finding } from './checks/finding.ts';
import { isProven, type ProofScope } from './checks/images-to-copy.ts';
import { MANIFEST_RULES, planRules } from './checks/rules.ts';
import { checkManifests, runChecks } from './checks/run-checks.ts';
import { applyPlan } from './copy/apply-plan.ts';
import { cacheManifests } from './copy/manifest-cache.ts';
import type { Outcome } from './copy/outcome.ts';
import { expandEdges } from './edges/expand-edges.ts';
import type { Shard } from './edges/shard.ts';
import { takeShard } from './edges/take-shard.ts';
import { subtractWanted } from './edges/wanted.ts';
import type { Repository } from './image/repository.ts';
import { countQueries } from './inventory/count-queries.ts';
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
import type { RepositoryFactsReader } from './ports/repository-facts.ts';
import type { Spool } from './ports/spool.ts';
import type { Traffic } from './ports/traffic.ts';
import { makeReport } from './report/make-report.ts';
import type { RunReport } from './report/report.ts';

export interface PromotionRequest {
  readonly read: ReadManifests;
  /** Undefined for all that the manifests want. */
  readonly shard?: Shard | undefined;
  /** Whether destinations of a manifest may stand in for its source. Default: they may. */
  readonly siblings?: boolean;
  /** Without it nothing is written. */
  readonly confirm: boolean;
  /** How much of what a dry run would copy it proves to be complete at its source. Default: `few`. */
  readonly proof?: ProofScope;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Requests at a time. */
  readonly threads: number;
}

export interface PromotionPorts {
  readonly registry: WriteRegistry;
  /** The same for what is written to, whose reads may ask for more rights. Unset: `registry`. */
  readonly destination?: WriteRegistry;
  /** Settings of destinations. Unset: none are read. */
  readonly facts?: RepositoryFactsReader;
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

/** The stages of a promotion: manifest → edges → inventory → plan → checks → copy → report. A stopped run still has a report. */
export async function promote(request: PromotionRequest, ports: PromotionPorts): Promise<RunReport> {
  const { confirm, read, reportAll: keepPresent, threads } = request;
  const proof = confirm ? 'none' : (request.proof ?? 'few'); // a copy finds out by itself
  const { clock, progress, registry, signal, spool, stopping } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const wanted = takeShard(expandEdges(read.manifests, request), request.shard);
  const source = cacheManifests(registry);
  // a manifest that is about to be copied or proven is read at once, any other is looked up
  const sourceFor = (digests: number) => (confirm || isProven(proof, digests) ? source : registry);
  const rules = planRules(read.manifests, { proof, facts: ports.facts });
  const findings: Finding[] = [...checkManifests(MANIFEST_RULES, read.manifests)];
  // a dry run asks for no right to write
  const destination = confirm ? (ports.destination ?? registry) : registry;
  const plans: Plan[] = [];
  const outcomes = new Map<PlanItem, Outcome>();
  let readings: ReturnType<typeof countQueries> = new Map();
  let unread = wanted;
  const destinations = new Map<Repository, DestinationState>();
  try {
    const { pause } = ports;
    const reading = {
      source: confirm ? source : registry,
      sourceFor,
      destination,
      progress,
      workers: threads,
      pause,
      destinations,
    };
    for await (const wave of readInWaves(wanted, reading, AbortSignal.any([stopping, signal]))) {
      unread = subtractWanted(unread, wave.wanted);
      readings = countQueries(wave.inventory);
      const unchecked = makePlan(wave.wanted, wave.inventory, { keepPresent });
      const checking = { source, destination, progress, workers: threads };
      const found = await runChecks(rules, unchecked, checking, AbortSignal.any([stopping, signal]));
      const plan = blockEdges(unchecked, found);
      findings.push(...found);
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
    findings,
    outcomes,
    problems: read.problems,
    manifests: read.counts,
    traffic: ports.traffic.hosts(),
  });
}
