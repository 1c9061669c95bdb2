// Covers src/workflows/diff/compare.ts

import { describe, expect, it } from 'vitest';
import { makeSnapshotImage, type SnapshotImage } from '../../../src/image/snapshot-image.ts';
import type { Difference } from '../../../src/workflows/diff/compare.ts';
import { findDifferences } from '../../../src/workflows/diff/diff.ts';
import { digest, type Images, tag } from '../../builders/manifests.ts';

const ONE = digest('1');
const TWO = digest('2');
const THREE = digest('3');

function imagesOf(images: Images): SnapshotImage[] {
  return Object.entries(images).flatMap(([name, dmap]) => {
    const digests = Object.entries(dmap).map(([key, tags]) => [digest(key), tags.map(tag)] as const);
    return makeSnapshotImage(name, new Map(digests)) ?? [];
  });
}

async function* stream(images: Iterable<SnapshotImage>) {
  yield* images;
}

function side(
  images: Images,
  { missing = [], everything = false }: { missing?: string[]; everything?: boolean } = {},
) {
  const gaps = { everything, has: (name: string) => missing.includes(name) };
  return { title: 'side', images: stream(imagesOf(images)), gaps };
}

async function differences(a: ReturnType<typeof side>, b: ReturnType<typeof side>): Promise<Difference[]> {
  const found: Difference[] = [];
  for await (const difference of findDifferences(a, b)) found.push(difference);
  return found;
}

describe('two registries', () => {
  it.each<[string, Images]>([
    ['nothing', {}],
    ['the same images', { app: { 1: ['v1'], 2: [] }, 'app/sub': { 3: [] } }],
  ])('with %s do not differ', async (_what, images) => {
    expect(await differences(side(images), side(images))).toEqual([]);
  });

  it('differ in images, in the order of their names', async () => {
    const a = side({ a: { 1: ['v1'] }, c: { 1: [] } });
    const b = side({ b: { 2: [] }, c: { 1: [] }, d: { 3: ['x'] } });
    expect(await differences(a, b)).toEqual([
      { kind: 'only-in-a', image: 'a', digest: ONE, tags: ['v1'] },
      { kind: 'only-in-b', image: 'b', digest: TWO, tags: [] },
      { kind: 'only-in-b', image: 'd', digest: THREE, tags: ['x'] },
    ]);
  });

  it('differ in digests of an image', async () => {
    const a = side({ app: { 1: ['v1'], 2: [] } });
    const b = side({ app: { 1: ['v1'], 3: ['v3'] } });
    expect(await differences(a, b)).toEqual([
      { kind: 'only-in-a', image: 'app', digest: TWO, tags: [] },
      { kind: 'only-in-b', image: 'app', digest: THREE, tags: ['v3'] },
    ]);
  });

  it('differ in a tag that one of them lacks', async () => {
    expect(await differences(side({ app: { 1: ['v1', 'x'] } }), side({ app: { 1: ['v1', 'y'] } }))).toEqual([
      { kind: 'tag', image: 'app', tag: 'x', a: ONE, b: undefined },
      { kind: 'tag', image: 'app', tag: 'y', a: undefined, b: ONE },
    ]);
  });

  it('differ in a tag that stands for other digests, whether both have these or not', async () => {
    const moved = await differences(side({ app: { 1: ['v1'], 2: [] } }), side({ app: { 1: [], 2: ['v1'] } }));
    expect(moved).toEqual([{ kind: 'tag', image: 'app', tag: 'v1', a: ONE, b: TWO }]);
    expect(await differences(side({ app: { 1: ['v1'] } }), side({ app: { 2: ['v1'] } }))).toEqual([
      { kind: 'only-in-a', image: 'app', digest: ONE, tags: ['v1'] },
      { kind: 'only-in-b', image: 'app', digest: TWO, tags: ['v1'] },
      { kind: 'tag', image: 'app', tag: 'v1', a: ONE, b: TWO },
    ]);
  });

  it('are not compared in images that one of them could not read', async () => {
    const a = side({ a: { 1: [] } }, { missing: ['b'] });
    const b = side({ a: { 1: [] }, b: { 2: [] }, c: { 3: [] } }, { missing: ['d'] });
    expect(await differences(a, b)).toEqual([{ kind: 'only-in-b', image: 'c', digest: THREE, tags: [] }]);
  });

  it('are not compared at all where one of them is not known', async () => {
    const asked = differences(side({}, { everything: true }), side({ a: { 1: [] } }));
    await expect(asked).rejects.toMatchObject({ code: 'not-compared' });
  });
});
