import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { attach, bundle, pushCosign } from '../../builders/attachments.ts';
import { blobsOf, image, multiArch, PLATFORMS, push } from '../../builders/images.ts';
import { carry } from './carrying.ts';

// An index of five images, which share a layer and have one of their own each, and a bundle for each of its six manifests,
// from a registry without the referrers API; then cosign's `.sig` for each as well, with a separate config and layer. A
// prototype needed these numbers of requests (crane needs 18/57 for the image alone):
//
//                             source/destination   again   to a registry with the API
//   6 bundles                 38/56                15/9    38/37
//   6 bundles and 6 `.sig`    62/86                21/15   62/55
//
// The first destination needed two requests for the upload of a blob, the second one a single POST. 54 of 56 and 84 of 86
// are writes. cip also reads each tag before it writes it, and each referrers index after it: these are the `checks` below.
// It needs no other request that the prototype did not need.

const APP = multiArch('counted', { platforms: PLATFORMS.length });
const CHILDREN = APP.children;
const SUBJECTS = [APP, ...CHILDREN];
const N = SUBJECTS.length;
/** Blobs of the image. */
const B = blobsOf(APP).length;
/** The tag and the digest for the plan, the tag before its write, and one layer: if it is absent, the others are too. */
const READS = 4;

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
    const content = image({ seed: `counted signature ${number}`, layers: 1 });
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
  const attachments = signed ? 2 * N : N;
  /** Layers of bundles, layers and configs of signatures. */
  const ownBlobs = signed ? 3 * N : N;
  const blobs = B + ownBlobs + 1; // `{}` is written, and not read

  it.each([
    { api: false, singlePost: true },
    { api: false, singlePost: false },
    { api: true, singlePost: true },
    { api: true, singlePost: false },
  ])(
    'take the writes and few reads: destination with the API: $api, blobs in one POST: $singlePost',
    async ({ api, singlePost }) => {
      const { source, destination, run } = await world({ signed, api, singlePost });
      expect(await carry(run)).toMatchObject({ attachments: { carried: attachments } });
      const read = countsSince(source);
      expect(total(read), JSON.stringify(read)).toBeLessThanOrEqual(reads);
      expect(read).toMatchObject({ tags: 1, referrers: 1, 'blob-get': B + ownBlobs });
      const written = countsSince(destination);
      const checks = { tags: signed ? N : 0, indexes: api ? 0 : N };
      expect(written).toEqual({
        'manifest-head': 3 + checks.tags + checks.indexes,
        'blob-head': READS - 3,
        'upload-start': blobs,
        ...(!singlePost && { 'upload-put': blobs }),
        'manifest-put': N + attachments + checks.indexes,
        ...(!api && { 'manifest-get': checks.indexes }), // after their write
      });
      const isAtMost = singlePost && !(api && signed); // there the six checks of tags make it 58
      if (isAtMost) expect(total(written)).toBeLessThanOrEqual(api ? writes.api : writes.fallback);
      const puts = singlePost ? 0 : blobs;
      const asPrototype = total(written) - checks.tags - 2 * checks.indexes - puts;
      expect(asPrototype).toBeLessThanOrEqual(api ? writes.api : writes.fallback - blobs + READS - 2);
    },
  );

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
    expect(counts).toMatchObject({ mount: B + 3 * N + 1 });
    expect(counts).not.toHaveProperty('blob-get');
  });
});
