// Covers src/edges/take-shard.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { shardIndexOf } from '../../src/edges/shard.ts';
import { takeShard } from '../../src/edges/take-shard.ts';
import type { Wanted } from '../../src/edges/wanted.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { digest, from, inFile, repository } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');

const NAMES = Array.from({ length: 12 }, (_, index) => `app-${index}`);
const dmaps = fc.dictionary(
  fc.constantFrom(A, B),
  fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3'), { maxLength: 3 }),
  { maxKeys: 2 },
);
/** Nested destinations, images of the same names, tags in conflict. */
const universes = fc.array(
  fc.record({
    source: fc.constantFrom('s.io/one', 's.io/two'),
    destinations: fc.uniqueArray(fc.constantFrom('p.io/p', 'p.io/p/group', 'q.io'), { minLength: 1 }),
    images: fc.array(fc.dictionary(fc.constantFrom(...NAMES), dmaps, { maxKeys: 6 }), { maxLength: 2 }),
  }),
  { maxLength: 4 },
);

function wantedOf(universe: typeof universes extends fc.Arbitrary<infer T> ? T : never): Wanted {
  return expandEdges(
    universe.map(({ source, destinations, images }, index) =>
      inFile(`${index}.yaml`)
        .from(source)
        .to(...destinations)
        .promote(...images),
    ),
  );
}

function shardsOf(wanted: Wanted, count: number): Wanted[] {
  return Array.from({ length: count }, (_, index) => takeShard(wanted, { index, count }));
}

describe('the shards of what is wanted', () => {
  it('are disjoint and complete: each repository is in one of them, with all of its list', () => {
    fc.assert(
      fc.property(universes, fc.integer({ min: 1, max: 9 }), (universe, count) => {
        const wanted = wantedOf(universe);
        const shards = shardsOf(wanted, count);
        const together = shards.flatMap(({ repositories }) => repositories);
        expect(together.map(({ repository }) => repository).toSorted()).toEqual(
          wanted.repositories.map(({ repository }) => repository),
        );
        expect(new Set(together)).toEqual(new Set(wanted.repositories));
        expect(shards.reduce((sum, { edges }) => sum + edges, 0)).toBe(wanted.edges);
      }),
      { seed: 20261121 },
    );
  });

  it('do not depend on the order of files, nor on what else is wanted', () => {
    fc.assert(
      fc.property(universes, fc.integer({ min: 1, max: 9 }), (universe, count) => {
        const wanted = wantedOf(universe);
        for (const [index, { repositories }] of shardsOf(wantedOf(universe.toReversed()), count).entries()) {
          for (const { repository } of repositories) expect(shardIndexOf(repository, count)).toBe(index);
        }
        expect(shardsOf(wanted, count).map(({ shard }) => shard?.index)).toEqual(
          Array.from(Array(count).keys()),
        );
      }),
      { seed: 20261121 },
    );
  });

  it.each([
    ['p.io/p/app', 2, 1, 2, 5],
    ['p.io/p/group/app', 0, 2, 3, 6],
    ['localhost:5000/a', 0, 2, 4, 6],
  ])('%s is where it was in every version', (name, ...expected) => {
    expect([3, 4, 5, 12].map((count) => shardIndexOf(repository(name), count))).toEqual(expected);
  });

  it('are of about the same size', () => {
    const repositories = Array.from({ length: 9790 }, (_, index) =>
      repository(`p.io/project-${index % 75}/image-${index}`),
    );
    const sizes = Array.from({ length: 8 }, () => 0);
    for (const name of repositories) sizes[shardIndexOf(name, 8)] = (sizes[shardIndexOf(name, 8)] ?? 0) + 1;
    for (const size of sizes) expect(Math.abs(size - 9790 / 8)).toBeLessThan(0.1 * (9790 / 8));
  });

  it('without any, what is wanted is left as it is', () => {
    const wanted = expandEdges([
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [A]: ['v1'] } }),
    ]);
    expect(takeShard(wanted, undefined)).toBe(wanted);
  });
});

describe('the input that a shard is of', () => {
  const inputOf = (...manifests: PromoterManifest[]) =>
    takeShard(expandEdges(manifests), { index: 1, count: 3 }).shard?.input;
  const given = () =>
    from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [A]: ['v1'] }, base: { [B]: [] } });

  it('is the same in every shard and wherever the manifests lie', () => {
    const wanted = expandEdges([given()]);
    expect(new Set(shardsOf(wanted, 5).map(({ shard }) => shard?.input))).toEqual(
      new Set([inputOf(given())]),
    );
    const elsewhere = inFile('/elsewhere.yaml')
      .from('s.io/s')
      .to('p.io/p')
      .promote({ base: { [B]: [] } }, { app: { [A]: ['v1'] } });
    expect(inputOf(elsewhere)).toBe(inputOf(given()));
  });

  it.each([
    [
      'a source',
      from('s.io/other')
        .to('p.io/p')
        .promote({ app: { [A]: ['v1'] }, base: { [B]: [] } }),
    ],
    [
      'a destination',
      from('s.io/s')
        .to('p.io/q')
        .promote({ app: { [A]: ['v1'] }, base: { [B]: [] } }),
    ],
    [
      'a digest',
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [B]: ['v1'] }, base: { [B]: [] } }),
    ],
    [
      'a tag',
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [A]: ['v2'] }, base: { [B]: [] } }),
    ],
    [
      'a tag more',
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [A]: ['v1'] }, base: { [B]: ['v1'] } }),
    ],
    [
      'a conflict',
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [A]: ['v1'], [B]: ['v1'] }, base: { [B]: [] } }),
    ],
    [
      'less',
      from('s.io/s')
        .to('p.io/p')
        .promote({ app: { [A]: ['v1'] } }),
    ],
  ])('changes with %s', (_, manifest) => expect(inputOf(manifest)).not.toBe(inputOf(given())));
});
