import type { Shard } from '../../../src/edges/shard.ts';
import type { PromoterManifest, ReadManifests } from '../../../src/manifest/model.ts';
import type { WriteRegistry } from '../../../src/ports/registry.ts';
import { parseMirror } from '../../../src/workflows/verify/mirror.ts';
import { renderItemLine } from '../../../src/report/render-text.ts';
import type { Verification } from '../../../src/report/report.ts';
import { verify } from '../../../src/workflows/verify/verify.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

export interface VerifyingOptions {
  readonly deep?: boolean;
  readonly via?: string;
  readonly reportAll?: boolean;
  readonly shard?: Shard;
  readonly problems?: ReadManifests['problems'];
  readonly stopping?: AbortSignal;
  readonly repair?: 'dry-run' | 'confirmed';
  readonly siblings?: boolean;
}

/** Verifies manifests against a registry, and gives the report. */
export function verifyManifests(
  registry: WriteRegistry,
  manifests: readonly PromoterManifest[],
  options: VerifyingOptions = {},
): Promise<Verification> {
  const { deep = false, via, reportAll = false, stopping = new AbortController().signal } = options;
  const { shard, problems = [], repair, siblings = true } = options;
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const writing = { registry, spool: new MemorySpool(), clock, signal, ended: () => {} };
  const mirror = via === undefined ? undefined : parseMirror(via);
  const read = { manifests, problems, counts: { projects: 1, images: 1, digests: 1 } };
  return verify(
    { read, shard, mirror, deep, repair: repair !== undefined, siblings, reportAll, threads: 4 },
    {
      registry,
      traffic: { hosts: () => new Map() },
      clock,
      progress: new RecordingProgress(),
      stopping,
      writing: repair === 'confirmed' ? writing : undefined,
    },
  );
}

/** The lines of what is not there, and nothing of where in the manifest it stands. */
export function linesOf({ items }: Verification): readonly string[] {
  return items.map((item) => renderItemLine({ ...item, at: '' }));
}
