import type { Shard } from '../../edges/shard.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { BrowseRegistry, Listing } from '../../ports/registry.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { Unreadable } from '../../ports/unreadable.ts';
import type { Audit } from '../../report/audit/audit.ts';
import { type Allowance, AllowList } from './allow-list.ts';
import { type AuditScope, makeScope, rootOf } from './audit-scope.ts';
import type { Judgement } from './finding.ts';
import { judgeListing } from './judge-listing.ts';
import { makeAudit } from './make-audit.ts';
import { ManifestRelations } from './manifest-relations.ts';
import { EarlierState, type Snapshot } from './earlier-state.ts';
import { type Gap, walkProduction } from './walk-production.ts';

export interface AuditRequest {
  readonly read: ReadManifests;
  readonly allowances: readonly Allowance[];
  /** Earlier states to compare with. Undefined: none is asked for. */
  readonly since: readonly Snapshot[] | undefined;
  /** Undefined: all of production. */
  readonly shard: Shard | undefined;
  /** Reports what is present or allowed too. */
  readonly reportAll: boolean;
  /** Concurrent requests. */
  readonly threads: number;
}

export interface AuditPorts {
  readonly registry: BrowseRegistry;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly progress: Progress;
  /** When it aborts, no new work is started and reads end. */
  readonly stopping: AbortSignal;
}

/** Manifests → scope → walk → judgements → report. A stopped run still has a report. */
export async function audit(request: AuditRequest, ports: AuditPorts): Promise<Audit> {
  const { read, since, shard } = request;
  const { clock, stopping } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const scope = makeScope(read.manifests, shard);
  const allowList = new AllowList(request.allowances, new Date(startedAt).toISOString().slice(0, 10));
  const earlier = new EarlierState(since ?? []);
  const gaps: Gap[] = [];
  const judgements = await judgeAll({ scope, allowList, earlier, gaps }, request, ports);
  return makeAudit({
    scope,
    judgements,
    gaps,
    allowances: allowList.uses(),
    isCompared: since !== undefined,
    reportAll: request.reportAll,
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped: stopping.aborted,
    manifests: read.counts,
    problems: read.problems,
    traffic: ports.traffic.hosts(),
  });
}

interface Material {
  readonly scope: AuditScope;
  readonly allowList: AllowList;
  readonly earlier: EarlierState;
  readonly gaps: Gap[];
}

/** The judgements until the end, or until the run is stopped: by repository. */
async function judgeAll(
  material: Material,
  { read, threads: workers, reportAll }: AuditRequest,
  { registry, progress, stopping: signal }: AuditPorts,
): Promise<ReadonlyMap<Repository, Judgement>> {
  const { scope, earlier, gaps } = material;
  const judging = {
    ...material,
    areManifestsMalformed: read.problems.some(({ severity }) => severity === 'error'),
    reportAll,
    registry,
    workers,
    relations: new ManifestRelations(registry),
  };
  const visit = (repository: Repository, listing: Listing | Unreadable, inner: AbortSignal) =>
    judgeListing(repository, listing, { ...judging, signal: inner });
  const isInScope = (repository: Repository) => rootOf(repository, scope.roots) !== undefined;
  const repositories = [...scope.lists.keys(), ...Array.from(earlier.repositories).filter(isInScope)];
  const judgements = new Map<Repository, Judgement>();
  progress.begin('snapshot', 0);
  try {
    const foundGap = (gap: Gap) => void gaps.push(gap);
    const walk = walkProduction({ roots: scope.roots, repositories }, visit, {
      registry,
      workers,
      signal,
      foundGap,
    });
    for await (const judgement of walk) {
      progress.advance();
      if (judgement !== undefined) judgements.set(judgement.repository, judgement);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  progress.end();
  return judgements;
}
