import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { attach, bundle, pushCosign } from '../../builders/attachments.ts';
import { artifact, blobsOf, image, index, PLATFORMS, push } from '../../builders/images.ts';
import { carry } from './carrying.ts';

// An index of five images with one layer each, and a bundle for each of its six manifests, from a registry without the
// referrers API. A prototype that was written for it, with nothing else in mind, took these numbers of requests:
//
//                             source/destination   again   to a registry with the API
//   6 bundles                 38/56                15/9    38/37
//   6 bundles and 6 `.sig`    62/86                21/15   62/55
//
// Neither are more where the destination takes a small blob in one POST. Elsewhere a blob takes two requests. A tag is read
// right before it is written, also that of a referrers index, and such an index is read again afterwards.

const CHILDREN = PLATFORMS.map((platform) =>
  image({ seed: `counted ${platform.architecture}`, layers: 1, platform }),
);
const APP = index({ children: CHILDREN });
const SUBJECTS = [APP, ...CHILDREN];
const N = SUBJECTS.length;
/** Blobs of the image. */
const B = blobsOf(APP).length;

/** Layers of the image; the other blobs are configs. */
const LAYERS = B - CHILDREN.length;

async function world({
  signed,
  api,
  singlePost = true,
}: {
  signed: boolean;
  api: boolean;
  singlePost?: boolean;
}) {
  const source = await embeddedForTest({ referrers: false });
  const destination = await embeddedForTest({ referrers: api, singlePost });
  push(source, 'staging/app', APP);
  for (const [number, subject] of SUBJECTS.entries()) {
    attach(source, 'staging/app', subject, bundle(`counted ${number}`, subject));
    const content = artifact(`counted signature ${number}`);
    if (signed) pushCosign(source, 'staging/app', { subject, suffix: 'sig', content });
  }
  return { source, destination, run: { source, destinations: [destination], digest: APP.manifest.digest } };
}

function countsSince(registry: EmbeddedRegistry, begin = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of registry.requests.slice(begin)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

describe.each([
  {
    name: '6 bundles',
    signed: false,
    reads: 38,
    writes: { api: 37, fallback: 56 },
    again: { source: 15, destination: 9 },
  },
  {
    name: '6 bundles and 6 .sig',
    signed: true,
    reads: 62,
    writes: { api: 55, fallback: 86 },
    again: { source: 21, destination: 15 },
  },
])('$name', ({ signed, reads, writes, again }) => {
  /** Bundles and signatures: a layer each. */
  const attachments = signed ? 2 * N : N;

  it.each([{ api: false }, { api: true }])(
    'take no more requests than a prototype: destination with the API: $api',
    async ({ api }) => {
      const { source, destination, run } = await world({ signed, api });
      expect(await carry(run)).toMatchObject({ attachments: { carried: attachments } });
      const read = countsSince(source);
      expect(total(read), JSON.stringify(read)).toBeLessThanOrEqual(reads);
      expect(read).toMatchObject({ tags: 1, referrers: 1, 'blob-get': B + attachments }); // `{}` is not read
      const blobs = B + attachments + 1; // `{}` is written
      const written = countsSince(destination);
      expect(total(written), JSON.stringify(written)).toBeLessThanOrEqual(api ? writes.api : writes.fallback);
      expect(written).toEqual({
        'manifest-head': 3 + (api ? 0 : N) + (signed ? N : 0), // the plan's, and one before each tag
        'blob-head': LAYERS,
        'upload-start': blobs,
        'manifest-put': N + attachments + (api ? 0 : N),
        ...(!api && { 'manifest-get': N }), // indexes of referrers, after their write
      });
    },
  );

  it('take one more request for each blob where the destination opens an upload instead', async () => {
    const { source, destination, run } = await world({ signed, api: true, singlePost: false });
    await carry(run);
    const blobs = B + attachments + 1;
    expect(countsSince(destination)).toMatchObject({ 'upload-start': blobs, 'upload-put': blobs });
    expect(countsSince(source)).toMatchObject({ 'blob-get': B + attachments });
  });

  it.each([{ api: false }, { api: true }])(
    'take no more requests than a prototype where they are at their destination, with the API: $api',
    async ({ api }) => {
      const { source, destination, run } = await world({ signed, api });
      await carry(run);
      const begin = { source: source.requests.length, destination: destination.requests.length };
      expect((await carry({ ...run, isLimited: true })).attachments).toBeUndefined();
      expect(total(countsSince(source, begin.source))).toBeLessThanOrEqual(again.source);
      expect(total(countsSince(destination, begin.destination))).toBeLessThanOrEqual(again.destination);
    },
  );
});

describe('images that are at their destinations', () => {
  it('take no request for attachments, confirmed or not, and neither does a dry run', async () => {
    const { source, destination, run } = await world({ signed: true, api: false });
    await carry({ ...run, confirm: false });
    expect(countsSince(source)).not.toHaveProperty('tags');
    await carry(run);
    const begin = { source: source.requests.length, destination: destination.requests.length };
    for (const confirm of [true, false]) await carry({ ...run, confirm });
    expect(countsSince(source, begin.source)).toEqual({});
    expect(countsSince(destination, begin.destination)).toEqual({ 'manifest-head': 2 });
  });

  it('of several destinations cost one search of the source', async () => {
    const { source, destination, run } = await world({ signed: true, api: true });
    const others = await Promise.all([1, 2].map(() => embeddedForTest()));
    await carry({ ...run, destinations: [destination, ...others] });
    const read = countsSince(source);
    expect(read).toMatchObject({ tags: 1, referrers: 1, 'manifest-get': N + N + N + N });
  });

  it('mount the blobs of attachments of the same registry', async () => {
    const { source, run } = await world({ signed: true, api: true });
    await carry({ ...run, destinations: [source] });
    const counts = countsSince(source);
    expect(counts).toMatchObject({ mount: B + 2 * N + 1 });
    expect(counts).not.toHaveProperty('blob-get');
  });
});
