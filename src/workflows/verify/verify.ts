import { expandEdges } from '../../edges/expand-edges.ts';
import type { Shard } from '../../edges/shard.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { Traffic } from '../../ports/traffic.ts';
import { makeVerification } from './make-verification.ts';
import type { Mirror } from './mirror.ts';
import { readObservations } from './read-observations.ts';
import { type RepairPorts, repair, withRepairs } from './repair/repair.ts';
import { reportRepairs } from './repair/repair-report.ts';
import type { Verification } from '../../report/report.ts';

export interface VerificationRequest {
  readonly read: ReadManifests;
  /** Undefined: everything that the manifests want. */
  readonly shard?: Shard | undefined;
  /** The host to query instead of the destinations. */
  readonly mirror: Mirror | undefined;
  /** Checks the content of manifests too. */
  readonly deep: boolean;
  /** Finds the content to send for flawed images, and sends it if `writing` is set. */
  readonly repair?: boolean;
  /** Whether a repair may read from other destinations of the manifest. Default: true. */
  readonly siblings?: boolean;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Concurrent requests. */
  readonly threads: number;
}

export interface VerificationPorts {
  readonly registry: ReadRegistry;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly progress: Progress;
  /** When it aborts, no new work is started and reads end. */
  readonly stopping: AbortSignal;
  /** Set for a confirmed repair. Undefined: nothing can be written. */
  readonly writing?: RepairPorts | undefined;
}

/** Manifests → edges → observations (→ repairs) → report. A stopped run still has a report. */
export async function verify(request: VerificationRequest, ports: VerificationPorts): Promise<Verification> {
  const { read, mirror, deep, repair: repairs = false, reportAll, threads: workers } = request;
  const { clock, registry, progress, stopping, writing } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const wanted = takeShard(expandEdges(read.manifests, request), request.shard);
  const there = writing?.registry ?? registry;
  const looking = { mirror, deep, reads: repairs, workers, registry: there, progress };
  const observations = await readObservations(wanted, looking, stopping);
  const repaired = repairs
    ? await repair(wanted, observations, { registry, progress, workers, stopping, writing })
    : undefined;
  return makeVerification({
    deep,
    mirror,
    reportAll,
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped: stopping.aborted,
    manifests: read.counts,
    wanted,
    observations: repaired === undefined ? observations : withRepairs(observations, repaired),
    repair: repaired && reportRepairs(repaired, writing !== undefined),
    problems: read.problems,
    traffic: ports.traffic.hosts(),
  });
}
