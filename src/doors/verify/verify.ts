import { expandEdges } from '../../edges/expand-edges.ts';
import type { Shard } from '../../edges/shard.ts';
import { takeShard } from '../../edges/take-shard.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { Traffic } from '../../ports/traffic.ts';
import type { Front } from './front.ts';
import { makeVerification } from './make-verification.ts';
import { readSights } from './read-sights.ts';
import type { Verification } from './verification.ts';

export interface VerificationRequest {
  readonly read: ReadManifests;
  /** Undefined for all that the manifests want. */
  readonly shard?: Shard | undefined;
  /** The host to ask in place of the destinations. */
  readonly front: Front | undefined;
  /** Looks at what the manifests lead to as well. */
  readonly deep: boolean;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Requests at a time. */
  readonly threads: number;
}

export interface VerificationPorts {
  readonly registry: ReadRegistry;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Ends the run: nothing is written, so nothing has to be finished. */
  readonly stopping: AbortSignal;
}

/** Is all there that the manifests want? Manifest → edges → sights → verification. A stopped run still has a report. */
export async function verify(request: VerificationRequest, ports: VerificationPorts): Promise<Verification> {
  const { read, front, deep, reportAll, threads: workers } = request;
  const { clock, registry, progress, stopping } = ports;
  const startedAt = clock.wallTime();
  const begun = clock.monotonic();
  const wanted = takeShard(expandEdges(read.manifests), request.shard);
  const sights = await readSights(wanted, { front, deep, workers, registry, progress }, stopping);
  return makeVerification({
    deep,
    front,
    reportAll,
    startedAt,
    durationMs: clock.monotonic() - begun,
    stopped: stopping.aborted,
    manifests: read.counts,
    wanted,
    sights,
    problems: read.problems,
    traffic: ports.traffic.hosts(),
  });
}
