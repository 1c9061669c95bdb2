import { blockEdges } from './checks/block-edges.ts';
import { isProven, type ProofScope } from './checks/images-to-copy.ts';
import { MANIFEST_RULES, planRules } from './checks/rules.ts';
import { checkManifests, runChecks } from './checks/run-checks.ts';
import { applyPlan } from './copy/apply-plan.ts';
import type { CopyEvents } from './copy/copy-events.ts';
import type { Outcomes } from './copy/outcome.ts';
import { cacheManifests } from './copy/manifest-cache.ts';
import { expandEdges } from './edges/expand-edges.ts';
import type { Shard } from './edges/shard.ts';
import { fingerprintOf, takeShard } from './edges/take-shard.ts';
import { countQueries } from './inventory/inventory.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { Wanted } from './edges/wanted.ts';
import type { ReadManifests } from './manifest/model.ts';
import { makePlan } from './plan/make-plan.ts';
import type { Plan, PlanOrigin } from './plan/plan.ts';
import type { Clock } from './ports/clock.ts';
import type { Progress } from './ports/progress.ts';
import type { WriteRegistry } from './ports/registry.ts';
import type { SourceRevision, SourceTree } from './ports/source-tree.ts';
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
  /** The version of the program, for the plan. */
  readonly tool: string;
  /** Without it nothing is written. */
  readonly confirm: boolean;
  /** How much of what a dry run would copy it proves to be complete at its source. Default: `few`. */
  readonly proof?: ProofScope;
  /** Bytes of the largest platform above which an image is not promoted. Unset: no limit. */
  readonly maxImageSize?: number | undefined;
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
  /** Default: nobody is told before the report. */
  readonly events?: PromotionEvents | undefined;
  /** The version control of the manifests. Unset: none. */
  readonly tree?: SourceTree;
  /** Nothing new is begun once it aborts. */
  readonly stopping: AbortSignal;
  /** Ends what is in flight as well. */
  readonly signal: AbortSignal;
}

/** Receives the results of a run while it runs. */
export interface PromotionEvents extends CopyEvents {
  /** Called after the checks and before the first write, which waits for it. `report` is that of a run that ends now. */
  planned(plan: Plan, report: RunReport): Promise<void>;
}

/** The stages of a promotion: manifest → edges → inventory → plan → checks → copy → report. A stopped run still has a report. */
export async function promote(request: PromotionRequest, ports: PromotionPorts): Promise<RunReport> {
  const { confirm, maxImageSize, read, reportAll: keepPresent, threads } = request;
  const proof = confirm ? 'none' : (request.proof ?? 'few'); // a copy finds out by itself
  const { clock, progress, registry, signal, spool, stopping } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const source = cacheManifests(registry);
  // a dry run asks for no right to write
  const destination = confirm ? (ports.destination ?? registry) : registry;
  const common = { source, destination, progress, workers: threads };
  const ending = AbortSignal.any([stopping, signal]);

  const all = expandEdges(read.manifests, request);
  const wanted = takeShard(all, request.shard);
  const revision = ports.tree?.revision(ending);
  const readsAll = confirm || maxImageSize !== undefined;
  const reading = {
    ...common,
    source: confirm ? source : registry,
    // a manifest that is about to be copied or checked is read at once, any other is looked up
    sourceFor: (digests: number) => (readsAll || isProven(proof, digests) ? source : registry),
  };
  const inventory = await readInventory(wanted, reading, ending);
  const origin = makeOrigin({ request, all, wanted, startedAt, revision: await revision });
  const unchecked = makePlan(wanted, inventory, { keepPresent, origin });
  const findings = await runChecks(
    planRules(read.manifests, { proof, maxImageSize, facts: ports.facts }),
    unchecked,
    common,
    ending,
  );
  const plan = blockEdges(unchecked, findings);
  const allFindings = [...checkManifests(MANIFEST_RULES, read.manifests), ...findings];
  const reportOf = (outcomes: Outcomes, stopped: boolean) =>
    makeReport({
      mode: confirm ? 'promotion' : 'dry-run',
      startedAt,
      durationMs: clock.monotonic() - begun,
      stopped,
      edges: wanted.edges,
      shard: wanted.shard,
      plan,
      readings: countQueries(inventory),
      findings: allFindings,
      outcomes,
      problems: read.problems,
      manifests: read.counts,
      traffic: ports.traffic.hosts(),
    });
  await ports.events?.planned(plan, reportOf(NO_OUTCOMES, true));
  const copying = { ...common, spool, clock, threads, stopping, events: ports.events };
  const outcomes = confirm ? await applyPlan(plan, copying, signal) : NO_OUTCOMES;
  return reportOf(outcomes, stopping.aborted);
}

function makeOrigin({
  request,
  all,
  wanted,
  startedAt,
  revision,
}: {
  readonly request: PromotionRequest;
  readonly all: Wanted;
  readonly wanted: Wanted;
  readonly startedAt: number;
  readonly revision: SourceRevision | undefined;
}): PlanOrigin {
  return {
    tool: request.tool,
    madeAt: new Date(startedAt).toISOString(),
    manifests: wanted.shard?.input ?? fingerprintOf(all),
    ...(revision !== undefined && { revision }),
    ...(wanted.shard !== undefined && { shard: wanted.shard }),
  };
}

const NO_OUTCOMES: Outcomes = new Map();
