import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../src/image/digest.ts';
import { blobsOf, type Content, image, layer, push } from '../builders/images.ts';
import { runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';

const HOSTS = 22;
/** More than what is kept in memory. */
const LARGE = 700_000;

/** Images that share a large layer; each has a large one, a small one and a config of its own. */
function imagesFor(count: number): readonly Content[] {
  const shared = layer('shared', LARGE);
  return Array.from({ length: count }, (_, number) =>
    image({
      seed: `fan ${number}`,
      layers: [shared, layer(`small ${number}`), layer(`large ${number}`, LARGE)],
    }),
  );
}

describe('44 destinations on 22 hosts', () => {
  it('cost every blob one read, 22 uploads and 22 mounts', async () => {
    const { source, destinations, images, run, left } = await world({ images: 20 });
    const { report, status, stderr } = await run();

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 44 * 20, failed: 0 });
    const blobs = distinctBlobs(images);
    expect(readsOf(source)).toEqual(Object.fromEntries(blobs.map((digest) => [digest, 1])));
    for (const destination of destinations) {
      expect(countKinds(destination)).toMatchObject({
        'blob-head': 20 + 1, // what is small is not asked for in a new repository
        'upload-start': blobs.length,
        'upload-put': blobs.length,
        mount: blobs.length,
      });
      expect(destination.openUploads).toBe(0);
      for (const name of ['a/app', 'b/app']) {
        expect(new Set(destination.store.blobs(name))).toEqual(new Set(blobs));
      }
    }
    expect(left()).toEqual([]);
  });
});

/** A source with images, and a run that promotes them to two repositories of each of many hosts. */
async function world({ images: count, hosts = HOSTS }: { images: number; hosts?: number }) {
  const source = await embedded();
  const destinations = await Promise.all(Array.from({ length: hosts }, () => embedded()));
  const images = imagesFor(count);
  const digests = images.map((content) => push(source, 'staging/app', content));
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: destinations.flatMap(({ host }) => [`${host}/a`, `${host}/b`]),
    images: { app: Object.fromEntries(digests.map((digest, number) => [digest, [`v${number}`]])) },
  });
  const spool = temporaryDirectory();
  const run = () => runWithReport([flag, '-confirm'], { env: { TMPDIR: spool } });
  return { source, destinations, images, run, left: () => readdirSync(spool) };
}

function distinctBlobs(images: readonly Content[]): readonly Digest[] {
  return Array.from(new Set(images.flatMap((content) => blobsOf(content).map(({ digest }) => digest))));
}

/** How often each blob of a registry was read. */
function readsOf(registry: EmbeddedRegistry): Record<string, number> {
  const reads: Record<string, number> = {};
  for (const { kind, path } of registry.requests) {
    if (kind !== 'blob-get') continue;
    const digest = path.slice(path.lastIndexOf('/') + 1);
    reads[digest] = (reads[digest] ?? 0) + 1;
  }
  return reads;
}
