import type { EmbeddedRegistryOptions } from '../../../src/embedded-registry/embedded-registry.ts';
import { promote } from '../../../src/promote.ts';
import type { PromotionReport } from '../../../src/report/report.ts';
import { image, index, layer, PLATFORMS, push } from '../../builders/images.ts';
import { kept } from '../../builders/kept.ts';
import { from } from '../../builders/manifests.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';
import { type Hosts, play, type Stage, type StagePlan, type Traces } from './stage.ts';

/** More than is read or sent at once, so that it goes as a stream; and one that is read whole. */
export const LARGE = layer('matrix large', 640 * 1024);
export const SMALL = layer('matrix small', 4096);

const first = image({ seed: 'matrix first', layers: [LARGE, SMALL], ...platform(0) });
const second = image({ seed: 'matrix second', layers: [SMALL], ...platform(1) });
const inner = index({ children: [first, second] });
/** What faults are done to: an index of an index of two images that share a layer. */
const VICTIM = index({ children: [inner] });
/** What they are not done to: another image on the same host, and one that is promoted within the other host. */
const NEIGHBOUR = image({ seed: 'matrix neighbour', layers: 1 });
const MOUNTED = image({ seed: 'matrix mounted', layers: 1 });
/** A tag that is there already, so that the victim's repository has a list. */
const OLD = image({ seed: 'matrix old', layers: 1 });

export const CHILD = first.manifest.digest;
export const INDEX = inner.manifest.digest;

/** Every edge of the scene, as reports name them without their hosts. */
export const EDGES = ['victim:v1', 'victim:v2', 'victim:v3', 'neighbour:v1', 'mounted:v1'] as const;
export type Edge = (typeof EDGES)[number];

export interface Run extends Traces {
  readonly report: PromotionReport;
  readonly copied: ReadonlySet<Edge>;
}

/** How a destination takes blobs: whole, or nothing larger than a chunk. */
export type Uploads = 'whole' | 'chunks';

/** Bytes: the smaller of the sizes that the client tries, so that the large blob goes as two. */
export const CHUNK = 512 * 1024;
const DESTINATIONS: Readonly<Record<Uploads, Pick<EmbeddedRegistryOptions, 'maxUploadBytes'>>> = {
  whole: {},
  chunks: { maxUploadBytes: CHUNK },
};

/** Runs a promotion of the whole scene through `promote()`, over real sockets, in virtual time. */
export async function runScene(uploads: Uploads, makeTrouble: StagePlan['makeTrouble']): Promise<Run> {
  const plan = { fill, makeTrouble, destination: DESTINATIONS[uploads] };
  const { result: report, ...traces } = await play(plan, perform);
  return { report, copied: copiedIn(report), ...traces };
}

function fill({ source, destination }: Hosts): void {
  push(source, 'staging/victim', VICTIM);
  push(source, 'staging/neighbour', NEIGHBOUR);
  push(source, 'staging/mounted', MOUNTED);
  push(destination, 'prod/victim', OLD, 'old');
}

async function perform({ time, hosts, client, never }: Stage): Promise<PromotionReport> {
  const own = { clock: time, progress: new RecordingProgress(), spool: new MemorySpool() };
  const ports = { ...client, ...own, stopping: never, signal: never };
  const read = {
    manifests: manifestsOf(hosts),
    problems: [],
    counts: { projects: 2, images: 3, digests: 3 },
  };
  return kept(await promote({ read, confirm: true, reportAll: false, threads: 50 }, ports));
}

function manifestsOf({ source, destination }: Hosts) {
  return [
    from(`${source.host}/staging`)
      .to(`${destination.host}/prod`)
      .promote({
        victim: { [VICTIM.manifest.digest]: ['v1', 'v2', 'v3'] },
        neighbour: { [NEIGHBOUR.manifest.digest]: ['v1'] },
      }),
    from(`${source.host}/staging`)
      .to(`${source.host}/prod`)
      .promote({ mounted: { [MOUNTED.manifest.digest]: ['v1'] } }),
  ];
}

function copiedIn({ items }: PromotionReport): ReadonlySet<Edge> {
  const copied = items.filter(({ outcome }) => outcome === 'copied');
  return new Set(EDGES.filter((edge) => copied.some(({ destination }) => destination?.endsWith(`/${edge}`))));
}

function platform(number: number) {
  const found = PLATFORMS[number];
  return found === undefined ? {} : { platform: found };
}
