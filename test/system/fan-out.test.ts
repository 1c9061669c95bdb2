import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../src/embedded-registry/embedded-registry.ts';
import { type Blob, blobsOf, type Content, image, layer, push } from '../builders/images.ts';
import { runWithReport, startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { poll } from '../doubles/waiting.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';

const HOSTS = 22;
/** More than what is kept in memory. */
const LARGE = 700_000;
/** Where an upload is cut: after more than an upload of a small blob has. */
const CUT = 400_000;

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
    expect(readsOf(source)).toEqual(onceEach(images));
    for (const destination of destinations) {
      expect(countKinds(destination)).toMatchObject({
        'blob-head': 20 + 1, // what is small is not asked for in a new repository
        'upload-start': blobs.length,
        'upload-put': blobs.length,
        mount: blobs.length,
      });
      expect(destination.openUploads).toBe(0);
      for (const name of ['a/app', 'b/app']) {
        expect(new Set(destination.store.blobs(name))).toEqual(new Set(blobs.map(({ digest }) => digest)));
      }
    }
    expect(left()).toEqual([]);
  });
});

describe('a destination that fails', () => {
  it('in mid-body goes on from there, and the source is read once for all', async () => {
    const { source, destinations, images, run, left } = await world({
      images: 3,
      hosts: 3,
      options: { resumption: 'any-byte' },
    });
    const [flaky] = destinations;
    flaky?.addFault({ kind: 'upload-put', path: largePut(images), act: { kind: 'cut-upload', atByte: CUT } });
    const { report, status, stderr } = await run();

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 6 * 3, failed: 0 });
    expect(readsOf(source)).toEqual(onceEach(images));
    // no byte went over the wire twice
    const total = distinctBlobs(images).reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(destinations.map(uploadedBytes)).toEqual([total, total, total]);
    expect(countKinds(...destinations)).toMatchObject({ 'upload-status': 1, 'upload-patch': 1 });
    expect(destinations.map(({ openUploads }) => openUploads)).toEqual([0, 0, 0]);
    expect(left()).toEqual([]);
  });

  it.each(['whole-chunks', 'none'] as const)(
    'and cannot go on (%s) is sent the blob again, from the spool',
    async (resumption) => {
      const world3 = await world({ images: 3, hosts: 3, options: { resumption } });
      const { source, destinations, images, run } = world3;
      const [flaky] = destinations;
      flaky?.addFault({
        kind: 'upload-put',
        path: largePut(images),
        act: { kind: 'cut-upload', atByte: CUT },
      });
      const { status, stderr } = await run();

      expect(status, stderr).toBe(0);
      expect(readsOf(source)).toEqual(onceEach(images));
      const total = distinctBlobs(images).reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(destinations.map(uploadedBytes)).toEqual([total + CUT, total, total]);
      expect(destinations.map(({ openUploads }) => openUploads)).toEqual([0, 0, 0]);
    },
  );

  it('for good does not stop the others', async () => {
    const { source, destinations, images, run } = await world({ images: 3, hosts: 3 });
    const [broken] = destinations;
    broken?.addFault({ kind: 'upload-put', times: Infinity, act: { kind: 'status', status: 400 } });
    const { report, status } = await run();

    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ copied: 4 * 3, failed: 2 * 3 });
    expect(readsOf(source)).toEqual(onceEach(images));
  });
});

describe('a host that refuses large bodies', () => {
  it('gets chunks, and the source is read once for all', async () => {
    const { source, destinations, images, run } = await world({
      images: 2,
      hosts: 2,
      options: { maxUploadBytes: 600_000 },
    });
    const { report, status, stderr } = await run();

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 4 * 2, failed: 0 });
    expect(readsOf(source)).toEqual(onceEach(images));
    for (const { requests } of destinations) {
      const large = requests.filter(({ bytesIn, status: answer }) => bytesIn > 600_000 && answer < 300);
      expect(large).toEqual([]);
    }
    expect(countKinds(...destinations)).toMatchObject({ 'upload-patch': 2 * 3 * 2 });
  });
});

describe('a source that fails', () => {
  it.each(['reset-mid-body', 'truncate', 'flip-bit'] as const)(
    'by %s is read once more, for all',
    async (kind) => {
      const { source, destinations, images, run } = await world({ images: 2, hosts: 3 });
      const digest = largeDigest(images);
      source.addFault({ kind: 'blob-get', path: new RegExp(digest), act: { kind } });
      const { report, status, stderr } = await run();

      expect(status, stderr).toBe(0);
      expect(report.summary).toMatchObject({ copied: 6 * 2, failed: 0 });
      expect(readsOf(source)).toEqual({ ...onceEach(images), [digest]: 2 });
      expect(destinations.map(({ openUploads }) => openUploads)).toEqual([0, 0, 0]);
    },
  );
});

describe('with little room for the spool', () => {
  it('hosts wait for each other instead of reading again', async () => {
    const { source, images, run } = await world({ images: 6, hosts: 5 });
    const { report, status, stderr } = await run({ limit: 1 });

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 10 * 6, failed: 0 });
    expect(readsOf(source)).toEqual(onceEach(images));
  });

  it('every host reads for itself where none is allowed', async () => {
    const { source, images, run } = await world({ images: 2, hosts: 3 });
    const { status, stderr } = await run({ limit: 0, spool: '/nonexistent/spool' });

    expect(status, stderr).toBe(0);
    expect(readsOf(source)).toEqual(timesEach(images, 3));
    expect(stderr).not.toContain('no spool');
  });
});

describe('without room for the spool', () => {
  it('every host reads for itself, and people are told once', async () => {
    const { source, images, run } = await world({ images: 2, hosts: 3 });
    const { report, status, stderr } = await run({ spool: '/nonexistent/spool' });

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 6 * 2, failed: 0 });
    expect(readsOf(source)).toEqual(timesEach(images, 3));
    expect(stderr.match(/no spool/g)).toHaveLength(1);
    expect(stderr).toContain('/nonexistent/spool');
  });
});

it('a run that is killed leaves nothing in the directory of the spool', async () => {
  const { destinations, images, spool, start, left } = await world({ images: 3, hosts: 3 });
  for (const registry of destinations) {
    registry.addFault({
      kind: 'upload-put',
      path: largePut(images),
      times: Infinity,
      act: { kind: 'stall' },
    });
  }
  const cip = start();
  const isSpooling = () =>
    Promise.resolve(readdirSync(`/proc/${cip.pid}/fd`).some((fd) => linkOf(cip.pid, fd).startsWith(spool)));
  expect(await poll(20_000, isSpooling)).toBe(true);
  cip.kill('SIGKILL');
  await cip.ended;
  expect(left()).toEqual([]);
});

/** A source with images, and a run that promotes them to two repositories of each of many hosts. */
async function world({
  images: count,
  hosts = HOSTS,
  options = {},
}: {
  images: number;
  hosts?: number;
  options?: EmbeddedRegistryOptions;
}) {
  const source = await embedded();
  const destinations = await Promise.all(Array.from({ length: hosts }, () => embedded(options)));
  const images = imagesFor(count);
  const digests = images.map((content) => push(source, 'staging/app', content));
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: destinations.flatMap(({ host }) => [`${host}/a`, `${host}/b`]),
    images: { app: Object.fromEntries(digests.map((digest, number) => [digest, [`v${number}`]])) },
  });
  const spool = temporaryDirectory();
  const args = [flag, '-confirm'];
  const run = ({ spool: TMPDIR = spool, limit = 100 } = {}) =>
    runWithReport([...args, `-spool-limit=${limit}`], { env: { TMPDIR } });
  const start = () => startWithReport(args, { env: { TMPDIR: spool } });
  return { source, destinations, images, spool, run, start, left: () => readdirSync(spool) };
}

function distinctBlobs(images: readonly Content[]): readonly Blob[] {
  const blobs = images.flatMap(blobsOf).map((blob) => [blob.digest, blob] as const);
  return Array.from(new Map(blobs).values());
}

function largeDigest(images: readonly Content[]): string {
  return distinctBlobs(images).find(({ bytes }) => bytes.length === LARGE)?.digest ?? '';
}

/** The upload of a large blob, by its query. */
function largePut(images: readonly Content[]): RegExp {
  return new RegExp(`digest=${largeDigest(images)}`);
}

/** So many reads of large blobs, and one of small ones. */
function timesEach(images: readonly Content[], times: number): Record<string, number> {
  const reads = distinctBlobs(images).map(({ digest, bytes }) => [
    digest,
    bytes.length === LARGE ? times : 1,
  ]);
  return Object.fromEntries(reads);
}

function onceEach(images: readonly Content[]): Record<string, number> {
  return Object.fromEntries(distinctBlobs(images).map(({ digest }) => [digest, 1]));
}

/** Bytes of blobs that a registry has been sent. */
function uploadedBytes({ requests }: EmbeddedRegistry): number {
  return requests
    .filter(({ kind }) => kind === 'upload-put' || kind === 'upload-patch')
    .reduce((sum, { bytesIn }) => sum + bytesIn, 0);
}

/** What a file descriptor stands for; empty where it has been closed meanwhile. */
function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
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
