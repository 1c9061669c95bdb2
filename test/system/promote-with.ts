import type { OciRegistry } from '../../src/adapters/oci/oci-registry.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import type { Progress } from '../../src/ports/progress.ts';
import { promote } from '../../src/promote.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { quiet } from '../adapters/oci/client.ts';
import { kept } from '../builders/kept.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

/** Promotes in this process, with a client of the test. */
export async function promoteWith(
  client: OciRegistry,
  manifests: readonly PromoterManifest[],
  { progress = new RecordingProgress() }: { readonly progress?: Progress } = {},
): Promise<PromotionReport> {
  const read = { manifests, problems: [], counts: { projects: 1, images: 1, digests: 1 } };
  const own = { clock: new FakeClock(), spool: new MemorySpool(), progress };
  const ports = { ...client, ...own, stopping: quiet(), signal: quiet() };
  return kept(await promote({ read, confirm: true, reportAll: false, threads: 50 }, ports));
}
