import type { Finding } from './checks/rule.ts';
import { applyPlan } from './copy/apply-plan.ts';
import type { CopyEvents } from './copy/copy-events.ts';
import { AttachmentCarrier, type CarryPorts } from './copy/carry/attachment-carrier.ts';
import { CarryRecord } from './copy/carry/carried.ts';
import { type CarriedImage, completeAttachments } from './copy/carry/complete-attachments.ts';
import { cacheManifests } from './copy/manifest-cache.ts';
import type { Outcomes } from './copy/outcome.ts';
import { type Shard, type ShardIdentity, shardIndexOf } from './edges/shard.ts';
import type { Wanted } from './edges/wanted.ts';
import type { Repository } from './image/repository.ts';
import { countQueries, type Inventory } from './inventory/inventory.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { PlanFile } from './plan/plan-codec.ts';
import type { Plan } from './plan/plan.ts';
import { refreshPlan, wantedByPlan } from './plan/refresh-plan.ts';
import type { Clock } from './ports/clock.ts';
import type { Progress } from './ports/progress.ts';
import type { ReadRegistry, WriteRegistry } from './ports/registry.ts';
import type { Spool } from './ports/spool.ts';
import type { Traffic } from './ports/traffic.ts';
import { makeReport, type ReportInput } from './report/make-report.ts';
import type { RunReport } from './report/report.ts';
import type { runSigning } from './sign/run-signing.ts';
import type { SigningPorts, SigningTask } from './sign/sign-images.ts';
import type { Signing } from './sign/signing.ts';

/** The part of a request that promotions and plan files share. */
export interface RunRequest {
  /** Without it nothing is written. */
  readonly confirm: boolean;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Requests at a time. */
  readonly threads: number;
}

export interface RunPorts {
  readonly registry: ReadRegistry;
  /** The registry that a confirmed run writes to. Its reads may request the right to push, so a dry run does not use it. */
  readonly destination: WriteRegistry;
  readonly traffic: Traffic;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Unset: nothing is signed. */
  readonly signing?: RunSigning | undefined;
  /** Default: no results until the report. */
  readonly events?: RunEvents | undefined;
  /** Carries signatures and other attachments along with the images. Default: none are. */
  readonly carrying?: CarryOptions | undefined;
  /** Nothing new is begun once it aborts. */
  readonly stopping: AbortSignal;
  /** Ends requests in flight as well. */
  readonly signal: AbortSignal;
}

export type CarryOptions = Omit<CarryPorts, 'source'>;

/** What a run signs, and how. */
export interface RunSigning
  extends Pick<SigningPorts, 'signer' | 'verifier' | 'summaries' | 'store'>,
    Pick<SigningTask, 'policy' | 'facts'> {
  /** The stage itself, which is loaded where a run signs. */
  readonly stage: typeof runSigning;
}

/** Receives the results of a run while it runs. */
export interface RunEvents extends CopyEvents {
  /** Called before the first write, which waits for it. `report` is the report of a run that ends now. */
  planned(report: RunReport): Promise<void>;
}

export interface ApplyRequest extends RunRequest {
  readonly file: PlanFile;
  /** Undefined for the whole plan. */
  readonly shard?: Shard | undefined;
}

/**
 * Applies a plan that was made earlier: plan file → inventory → plan → copy → report. Each edge that it wants written is
 * read and decided again; no other edge is written, and no other repository is read. The report is of the plan's items:
 * edges that were present when it was made are no part of it.
 */
export async function applyPlanFile(request: ApplyRequest, ports: RunPorts): Promise<RunReport> {
  const { file, reportAll: keepPresent } = request;
  const { origin, findings, malformed } = file.plan;
  const run = beginRun(request, ports);
  const { items, shard } = takeItems(request);
  const wanted = wantedByPlan(items);
  const inventory = await readInventory(wanted, run.reading, run.ending);
  const plan = refreshPlan(items, { wanted, inventory, keepPresent });
  const edges = items.length;
  const problems = malformed.map((entry) => ({ ...entry, severity: 'error' as const }));
  const { read: manifests } = origin;
  return carryOut(
    { plan, wanted, inventory, findings, edges, shard, problems, manifests, file: file.digest },
    run,
  );
}

function takeItems({ file: { plan, digest }, shard }: ApplyRequest) {
  if (shard === undefined) return { items: plan.items, shard: plan.origin.shard };
  const { index, count } = shard;
  const identity: ShardIdentity = { index, count, input: digest };
  const items = plan.items.filter(({ destination }) => shardIndexOf(destination, count) === index);
  return { items, shard: identity };
}

/** A run between its start and its report. */
export interface Run {
  readonly request: RunRequest;
  readonly ports: RunPorts;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** On the monotonic clock. */
  readonly begun: number;
  /** Where everything that is needed twice is read once. */
  readonly source: ReadRegistry;
  readonly reading: {
    readonly source: ReadRegistry;
    readonly destination: ReadRegistry;
    readonly progress: Progress;
    readonly workers: number;
  };
  /** Aborts when the run is stopped, gently or not. */
  readonly ending: AbortSignal;
}

export function beginRun(request: RunRequest, ports: RunPorts): Run {
  const { clock, progress, registry, signal, stopping } = ports;
  const source = cacheManifests(registry);
  return {
    request,
    ports,
    startedAt: clock.wallTime(),
    begun: clock.monotonic(),
    source,
    reading: {
      source: request.confirm ? source : registry, // a manifest that is about to be copied is read at once
      destination: request.confirm ? ports.destination : registry,
      progress,
      workers: request.threads,
    },
    ending: AbortSignal.any([stopping, signal]),
  };
}

/** The known parts of a report when the plan is final. */
type Planned = Pick<
  ReportInput,
  'edges' | 'shard' | 'problems' | 'manifests' | 'file' | 'changes' | 'vulnerabilities'
> & {
  readonly plan: Plan;
  readonly wanted: Wanted;
  readonly inventory: Inventory;
  readonly findings: readonly Finding[];
  /** Images that are present and get the attachments that they lack. */
  readonly completing?: readonly CarriedImage[];
};

/** Applies a plan and signs where that is confirmed, and reports. */
export async function carryOut(all: Planned, run: Run): Promise<RunReport> {
  const { inventory, completing = [], wanted: _, ...planned } = all;
  const { request, ports, startedAt, begun, source, reading } = run;
  const { confirm, threads } = request;
  const { clock, destination, events, spool, stopping, signal, traffic } = ports;
  const record = new CarryRecord();
  const carrier = ports.carrying && new AttachmentCarrier({ ...ports.carrying, source });
  const reportOf = (
    outcomes: Outcomes,
    { stopped, signing }: { stopped: boolean; signing?: Signing | undefined },
  ) =>
    makeReport({
      ...planned,
      mode: confirm ? 'promotion' : 'dry-run',
      startedAt,
      durationMs: clock.monotonic() - begun,
      stopped,
      readings: countQueries(inventory),
      outcomes,
      attachments: record,
      signing,
      traffic: traffic.hosts(),
    });
  await events?.planned(reportOf(NO_OUTCOMES, { stopped: true }));
  const carrying = carrier && { carrier, record };
  const copying = { ...reading, source, destination, events, carrying, spool, clock, threads, stopping };
  const outcomes = confirm ? await applyPlan(planned.plan, copying, signal) : NO_OUTCOMES;
  if (carrying !== undefined) {
    await completeAttachments(completing, { ...copying, carrying, confirm }, signal);
  }
  const signing = await sign(all, { run, outcomes });
  return reportOf(outcomes, { stopped: stopping.aborted, signing });
}

/** A dry run examines signatures only where it is limited to changes: they are a few requests for each image. */
async function sign(
  { plan, wanted, inventory, changes }: Planned,
  { run, outcomes }: { readonly run: Run; readonly outcomes: Outcomes },
): Promise<Signing | undefined> {
  const { request, ports, source: manifests } = run;
  const { signing, clock, progress, stopping, signal } = ports;
  const { confirm } = request;
  if (signing === undefined || (!confirm && changes === undefined)) return undefined;
  const digestsOf = (repository: Repository) => {
    const state = inventory.destinations.get(repository);
    return state?.kind === 'read' ? state.digests : undefined;
  };
  const input = { ...signing, plan, wanted, outcomes, digestsOf, confirm };
  return signing.stage(input, { ...signing, manifests, clock, progress, stopping }, signal);
}

const NO_OUTCOMES: Outcomes = new Map();
