import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { blobsOf, type Content, image, multiArch, push } from '../builders/images.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';

// The least that the distribution specification allows for a promotion, plus a HEAD of each tag right before its PUT: no
// list proves that a tag is free, so none is read for that. L layers, N = L + 1 blobs of an image; P children, U distinct
// blobs of an index. Listing and authorisation are apart, and so is the search for attachments of images that are written:
// one list of the tags of their source, and one request for the referrers of each manifest.

const L = 5;
const N = L + 1;
const P = 4;
const single = image({ seed: 'floor', layers: L });
const index = multiArch('floor index', { platforms: P });
const U = blobsOf(index).length;

/** Image at source and destination on one host, or on two. */
type Hosts = 'same' | 'other';

interface Case {
  readonly name: string;
  readonly content: Content;
  readonly hosts: Hosts;
  /** What is at the destination already. */
  readonly before: 'nothing' | 'content' | 'content and tag';
  /** After a listing that tells digests. */
  readonly bound: number;
}

const CASES: readonly Case[] = [
  {
    name: '(a) an image on one host: ≤ L+4',
    content: single,
    hosts: 'same',
    before: 'nothing',
    bound: L + 4,
  },
  {
    name: '(b′) a tag for an image that is there: ≤ 3',
    content: single,
    hosts: 'same',
    before: 'content',
    bound: 3,
  },
  {
    name: '(c) an image that is there: 0',
    content: single,
    hosts: 'same',
    before: 'content and tag',
    bound: 0,
  },
  {
    name: '(d) an index on one host: ≤ 2P+U+3',
    content: index,
    hosts: 'same',
    before: 'nothing',
    bound: 2 * P + U + 3,
  },
  {
    name: '(d′) a tag for an index that is there: ≤ 3',
    content: index,
    hosts: 'same',
    before: 'content',
    bound: 3,
  },
  {
    name: '(e) an image to another host: ≤ 4N+2',
    content: single,
    hosts: 'other',
    before: 'nothing',
    bound: 4 * N + 2,
  },
  {
    name: '(e′) an index to another host: ≤ P+4U+3',
    content: index,
    hosts: 'other',
    before: 'nothing',
    bound: P + 4 * U + 3,
  },
];

describe('the floor of requests, where a listing tells digests', () => {
  it.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { requests, counts } = await promote(one, { listing: 'google', neighbours: 8 });
    expect(requests, JSON.stringify(counts)).toBeLessThanOrEqual(one.bound);
    const search = searchOf(one);
    expect(counts).toMatchObject({ ...search, tags: 1 + (search.tags ?? 0) });
  });
});

describe('the floor of requests, where only HEAD tells digests', () => {
  // what the listing would have told: does the tag exist, does the digest exist
  const INVENTORY = { nothing: 2, content: 2, 'content and tag': 1 } as const;

  it.each(CASES.map((one) => [one.name, one] as const))(
    '%s, and the questions that no listing has answered',
    async (_, one) => {
      const { requests, counts } = await promote(one, { listing: 'oci', neighbours: 0 });
      expect(requests, JSON.stringify(counts)).toBeLessThanOrEqual(one.bound + INVENTORY[one.before]);
      const { tags, referrers } = counts;
      expect({ tags, referrers }).toEqual({ tags: undefined, referrers: undefined, ...searchOf(one) });
    },
  );

  it('(c) is one HEAD', async () => {
    const present: Case = { name: '', content: single, hosts: 'same', before: 'content and tag', bound: 0 };
    expect((await promote(present, { listing: 'oci', neighbours: 0 })).counts).toEqual({
      'manifest-head': 1,
    });
  });
});

describe('more of the same costs less', () => {
  it('of D destinations on other hosts each costs its own writes, and manifests are read once', async () => {
    const source = await embedded();
    const destinations = await Promise.all([1, 2, 3].map(() => embedded()));
    const digest = push(source, 'staging/app', index);
    await runConfirmed({
      from: `${source.host}/staging`,
      to: destinations.map(({ host }) => `${host}/prod`),
      images: { app: { [digest]: ['v1'] } },
    });
    expect(countKinds(source)).toMatchObject({ 'manifest-get': 1 + P, tags: 1, referrers: 1 + P });
    for (const destination of destinations) {
      expect(countKinds(destination)).toEqual({
        'manifest-head': 3,
        'blob-head': 1, // shows that the repository has none of the layers
        'upload-start': U,
        'upload-put': U,
        'manifest-put': P + 1,
      });
    }
  });

  it.each(['oci', 'google'] as const)(
    'of T tags each costs a write and the HEAD before it: %s',
    async (listing) => {
      const registry = await embedded({ listing });
      const digest = push(registry, 'staging/app', single);
      await runConfirmed({
        from: `${registry.host}/staging`,
        to: [`${registry.host}/prod`],
        images: { app: { [digest]: ['a', 'b', 'c', 'd'] } },
      });
      expect(countKinds(registry)).toEqual({
        'manifest-head': 1 + 4, // the first tag for the plan
        tags: 1 + 1,
        referrers: 1,
        'manifest-get': 1,
        mount: N,
        'manifest-put': 4,
      });
    },
  );

  it('of two images that share every blob the second one costs no blob', async () => {
    const registry = await embedded();
    const twin = {
      ...single,
      manifest: image({ seed: 'floor', layers: L, annotations: { twin: 'yes' } }).manifest,
    };
    const digests = [push(registry, 'staging/app', single), push(registry, 'staging/app', twin)];
    await runConfirmed({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images: { app: Object.fromEntries(digests.map((digest, number) => [digest, [`v${number}`]])) },
    });
    expect(countKinds(registry)).toMatchObject({ 'manifest-get': 2, mount: N, 'manifest-put': 2 });
  });
});

/** The requests for attachments: none for an image that is there. */
function searchOf({ content, before }: Case): { tags?: number; referrers?: number } {
  return before === 'content and tag' ? {} : { tags: 1, referrers: 1 + content.children.length };
}

/** Promotes one tag; `neighbours` are tags of another image that are there, so that a listing is worth its request. */
async function promote(
  { content, hosts, before }: Case,
  { listing, neighbours }: { listing: 'oci' | 'google'; neighbours: number },
): Promise<{ requests: number; counts: Record<string, number> }> {
  const source = await embedded({ listing });
  const destination = hosts === 'same' ? source : await embedded({ listing });
  const digest = push(source, 'staging/app', content);
  if (before !== 'nothing') push(destination, 'prod/app', content);
  if (before === 'content and tag') push(destination, 'prod/app', content, 'v1');
  const old = Array.from({ length: neighbours }, (_, number) => `old-${number}`);
  const oldDigest =
    old.length > 0 ? push(destination, 'prod/app', image({ seed: 'old' }), ...old) : undefined;
  await runConfirmed({
    from: `${source.host}/staging`,
    to: [`${destination.host}/prod`],
    images: { app: { [digest]: ['v1'], ...(oldDigest === undefined ? {} : { [oldDigest]: old }) } },
  });
  expect(destination.store.resolveTag('prod/app', 'v1')).toBe(digest);
  const registries: readonly EmbeddedRegistry[] = hosts === 'same' ? [source] : [source, destination];
  const counts = countKinds(...registries);
  const { tags: _tags, referrers: _referrers, token: _token, ping: _ping, ...rest } = counts;
  return { requests: Object.values(rest).reduce((sum, count) => sum + count, 0), counts };
}

async function runConfirmed(manifest: Parameters<typeof manifestFlag>[0]): Promise<void> {
  const { status, stderr } = await runWithReport([await manifestFlag(manifest), '-confirm']);
  expect(status, stderr).toBe(0);
}
