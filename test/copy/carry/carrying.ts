import { type CarrySelection } from '../../../src/copy/carry/selection.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { promote, type Changes } from '../../../src/promote.ts';
import type { PromotionReport } from '../../../src/report/report.ts';
import { clientForTest } from '../../adapters/oci/client.ts';
import { kept } from '../../builders/kept.ts';
import { from } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

export const SIGNATURES: CarrySelection = { mode: 'signatures', types: [] };
export const ALL: CarrySelection = { mode: 'all', types: [] };

export interface CarryRun {
  readonly source: EmbeddedRegistry;
  readonly destinations: readonly EmbeddedRegistry[];
  readonly digest: Digest;
  /** Default: `v1`. */
  readonly tags?: readonly string[];
  readonly selection?: CarrySelection;
  /** Default: true. */
  readonly confirm?: boolean;
  /** Limits the run to changes: all of its edges. */
  readonly isLimited?: boolean;
}

/** Promotes `staging/app` to `prod/app` under its tags, by a client of its own. */
export async function carry({
  source,
  destinations,
  digest,
  tags = ['v1'],
  selection = SIGNATURES,
  confirm = true,
  isLimited = false,
}: CarryRun): Promise<PromotionReport> {
  const client = clientForTest();
  const manifest = from(`${source.host}/staging`)
    .to(...destinations.map(({ host }) => `${host}/prod`))
    .promote({ app: { [digest]: tags } });
  const changes: Changes | undefined = isLimited
    ? { wanted: expandEdges([manifest]), scope: { base: null }, from: 'test', findings: [] }
    : undefined;
  const read = { manifests: [manifest], problems: [], counts: { projects: 1, images: 1, digests: 1 } };
  const signal = new AbortController().signal;
  return kept(
    await promote(
      { read, confirm, reportAll: false, threads: 8, changes },
      {
        ...client,
        spool: new MemorySpool(),
        clock: new FakeClock(),
        progress: new RecordingProgress(),
        carrying: { ...client, destination: client.destination, selection },
        stopping: signal,
        signal,
      },
    ),
  );
}

/** The digests that a repository has. */
export function digestsIn(registry: EmbeddedRegistry, repository: string): readonly Digest[] {
  return registry.store.manifests(repository).map(({ digest }) => digest);
}
