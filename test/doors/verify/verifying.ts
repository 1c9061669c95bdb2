import { renderVerificationLine } from '../../../src/doors/verify/render-text.ts';
import type { Verification } from '../../../src/doors/verify/verification.ts';
import { parseFront } from '../../../src/doors/verify/front.ts';
import { verify } from '../../../src/doors/verify/verify.ts';
import type { Shard } from '../../../src/edges/shard.ts';
import type { PromoterManifest, ReadManifests } from '../../../src/manifest/model.ts';
import type { ReadRegistry } from '../../../src/ports/registry.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

export interface VerifyingOptions {
  readonly deep?: boolean;
  readonly via?: string;
  readonly reportAll?: boolean;
  readonly shard?: Shard;
  readonly problems?: ReadManifests['problems'];
  readonly stopping?: AbortSignal;
}

/** Verifies manifests against a registry, and gives the report. */
export function verifyManifests(
  registry: ReadRegistry,
  manifests: readonly PromoterManifest[],
  options: VerifyingOptions = {},
): Promise<Verification> {
  const { deep = false, via, reportAll = false, stopping = new AbortController().signal } = options;
  const { shard, problems = [] } = options;
  const front = via === undefined ? undefined : parseFront(via);
  const read = { manifests, problems, counts: { projects: 1, images: 1, digests: 1 } };
  return verify(
    { read, shard, front, deep, reportAll, threads: 4 },
    {
      registry,
      traffic: { hosts: () => new Map() },
      clock: new FakeClock(),
      progress: new RecordingProgress(),
      stopping,
    },
  );
}

/** The lines of what is not there, and nothing of where in the manifest it stands. */
export function linesOf({ items }: Verification): readonly string[] {
  return items.map((item) => renderVerificationLine({ ...item, at: '' }));
}
