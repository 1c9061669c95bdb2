import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { blobsOf, image, index, manifestsOf, PLATFORMS, push } from '../builders/images.ts';
import { runWithReport, startWithReport } from '../doubles/run-cip.ts';
import { poll } from '../doubles/waiting.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';

// A release of one index to the hosts of all regions, as registry.k8s.io has them.

const HOSTS = 22;
const TAGS = ['v1', 'v1.2', 'v1.2.3'];
/** Bytes of a layer: a smaller one is sent again rather than asked for. */
const LARGE = 600_000;

describe('an index of 5 platforms with 3 tags for 22 hosts', () => {
  it('costs at most 1.05 times the floor, and one read of each byte of the source', async () => {
    const { source, destinations, blobs, manifests, run } = await world(1024);
    await run();
    // each host gets a blob by two requests, a manifest by one, and each further tag by one
    const floor =
      manifests.length + blobs.length + HOSTS * (2 * blobs.length + manifests.length + TAGS.length - 1);
    expect(floor).toBe(1532);
    const { tags: _list, referrers: _search, ...reads } = countKinds(source);
    expect(reads).toEqual({ 'manifest-get': manifests.length, 'blob-get': blobs.length });
    const { 'manifest-head': heads, ...writes } = countKinds(...destinations);
    expect(heads).toBe(HOSTS * (TAGS.length + 1)); // one for the plan, and one before each PUT of a tag
    expect(sum(reads) + sum(writes)).toBeLessThanOrEqual(1.05 * floor);
    const read = source.requests.filter(({ kind }) => kind === 'blob-get');
    expect(read.reduce((size, { bytesOut }) => size + bytesOut, 0)).toBe(sizeOf(blobs));
  });

  it('is completed after a kill at half by at most 1.02 times the bytes that are missing', async () => {
    const { destinations, blobs, start, run } = await world(LARGE);
    const all = HOSTS * sizeOf(blobs);
    const cip = start();
    expect(await poll(20_000, () => Promise.resolve(stored(destinations, blobs) >= all / 2))).toBe(true);
    cip.kill('SIGKILL');
    await cip.ended;
    const missing = all - stored(destinations, blobs);
    const before = sent(destinations);
    await run();
    expect(missing).toBeGreaterThan(0);
    expect(sent(destinations) - before).toBeLessThanOrEqual(1.02 * missing);
  });
});

/** A release with 5 layers for each platform. */
async function world(layerBytes: number) {
  const children = PLATFORMS.slice(0, 5).map((platform) =>
    image({ seed: `release ${platform.architecture}`, layers: 5, layerBytes, platform }),
  );
  const release = index({ children });
  const source = await embedded();
  const destinations = await Promise.all(Array.from({ length: HOSTS }, () => embedded()));
  const digest = push(source, 'staging/app', release);
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: destinations.map(({ host }) => `${host}/prod`),
    images: { app: { [digest]: TAGS } },
  });
  const run = async () => {
    const { status, stderr } = await runWithReport([flag, '-confirm']);
    expect(status, stderr).toBe(0);
    for (const { store } of destinations)
      for (const tag of TAGS) expect(store.resolveTag('prod/app', tag)).toBe(digest);
  };
  const start = () => startWithReport([flag, '-confirm']);
  return { source, destinations, blobs: blobsOf(release), manifests: manifestsOf(release), run, start };
}

type Blobs = ReturnType<typeof blobsOf>;

function sizeOf(blobs: Blobs): number {
  return blobs.reduce((size, { bytes }) => size + bytes.length, 0);
}

/** Bytes of blobs that the destinations have. */
function stored(destinations: readonly EmbeddedRegistry[], blobs: Blobs): number {
  return destinations.reduce((size, { store }) => {
    const digests = new Set(store.blobs('prod/app'));
    return size + sizeOf(blobs.filter(({ digest }) => digests.has(digest)));
  }, 0);
}

/** Bytes of blobs that the destinations were sent. */
function sent(destinations: readonly EmbeddedRegistry[]): number {
  const puts = destinations.flatMap(({ requests }) => requests.filter(({ kind }) => kind === 'upload-put'));
  return puts.reduce((size, { bytesIn }) => size + bytesIn, 0);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
