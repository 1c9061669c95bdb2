// Covers src/edges/want-list.ts
// Covers src/edges/wanted.ts

import { describe, expect, it } from 'vitest';
import { formatPosition } from '../../src/base/position.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { edgesOf } from '../../src/edges/want-list.ts';
import type { Wanted, WantList } from '../../src/edges/wanted.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { digest, from, inFile } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');
const C = digest('c');

/** Edges as `repository:tag = digit` or `repository = digit`, conflicts as `repository:tag = digit|digit`. */
function edges(...manifests: readonly PromoterManifest[]): readonly string[] {
  return expandEdges(manifests).repositories.flatMap(({ repository, list }) => [
    ...list.wants.flatMap(({ digest, tags, tagless }) => [
      ...tags.map(({ tag }) => `${repository}:${tag} = ${digit(digest)}`),
      ...(tagless === undefined ? [] : [`${repository} = ${digit(digest)}`]),
    ]),
    ...list.conflicts.map(
      ({ tag, claims }) => `${repository}:${tag} = ${claims.map(({ digest }) => digit(digest)).join('|')}`,
    ),
  ]);
}

function digit(digest: string): string {
  return digest.slice(7, 8);
}

function listOf(wanted: Wanted, repository: string): WantList {
  const found = wanted.repositories.find((one) => one.repository === repository);
  if (found === undefined) throw new Error(`${repository} is not wanted`);
  return found.list;
}

describe('edges', () => {
  it('are one for each tag and destination, and one for a digest without tags', () => {
    const manifest = from('gcr.io/s')
      .to('us.gcr.io/p', 'eu.gcr.io/p/deep')
      .promote({ app: { [A]: ['v1', 'latest'], [B]: [] } });
    expect(edges(manifest)).toEqual([
      'eu.gcr.io/p/deep/app:latest = a',
      'eu.gcr.io/p/deep/app:v1 = a',
      'eu.gcr.io/p/deep/app = b',
      'us.gcr.io/p/app:latest = a',
      'us.gcr.io/p/app:v1 = a',
      'us.gcr.io/p/app = b',
    ]);
    expect(expandEdges([manifest]).edges).toBe(6);
  });

  it('are none for nothing', () => {
    expect(expandEdges([])).toEqual({ repositories: [], edges: 0 });
    expect(expandEdges([from('gcr.io/s').to('gcr.io/p').promote()])).toEqual({ repositories: [], edges: 0 });
  });

  it.each([
    [
      'entries of one name',
      [
        from('gcr.io/s')
          .to('gcr.io/p')
          .promote({ app: { [A]: ['v1'] } }, { app: { [A]: ['v2'] } }),
      ],
    ],
    [
      'manifests',
      [
        inFile('1')
          .from('gcr.io/s')
          .to('gcr.io/p')
          .promote({ app: { [A]: ['v1'] } }),
        inFile('2')
          .from('gcr.io/s')
          .to('gcr.io/p')
          .promote({ app: { [A]: ['v2'] } }),
      ],
    ],
  ])('of several %s are merged', (_what, manifests) => {
    expect(edges(...manifests)).toEqual(['gcr.io/p/app:v1 = a', 'gcr.io/p/app:v2 = a']);
  });

  it('of one digest with and without tags are two', () => {
    const manifest = from('gcr.io/s')
      .to('gcr.io/p')
      .promote({ app: { [A]: [] } }, { app: { [A]: ['v1'] } });
    expect(edges(manifest)).toEqual(['gcr.io/p/app:v1 = a', 'gcr.io/p/app = a']);
    const wanted = expandEdges([manifest]);
    expect(wanted.edges).toBe(2);
    expect(listOf(wanted, 'gcr.io/p/app').wants.map(edgesOf)).toEqual([2]);
  });

  it('that several manifests ask for are one edge with several sources and places', () => {
    const wanted = expandEdges([
      inFile('1')
        .from('gcr.io/s1')
        .to('gcr.io/p')
        .promote({ app: { [A]: ['v1'] } }),
      inFile('2')
        .from('gcr.io/s2')
        .to('gcr.io/p')
        .promote({ app: { [A]: ['v1'] } }),
      inFile('3')
        .from('gcr.io/s1')
        .to('gcr.io/p')
        .promote({ app: { [A]: ['v1'] } }),
    ]);
    const [want] = listOf(wanted, 'gcr.io/p/app').wants;
    expect(wanted.edges).toBe(1);
    expect(want?.sources).toEqual(['gcr.io/s1/app', 'gcr.io/s2/app']);
    expect(want?.tags[0]?.at.map(formatPosition)).toEqual(['1:4:80', '2:4:80', '3:4:80']);
  });

  it('without a tag are merged too, and keep the first place', () => {
    const wanted = expandEdges([
      inFile('1')
        .from('gcr.io/s1')
        .to('gcr.io/p')
        .promote({ app: { [A]: [] } }),
      inFile('2')
        .from('gcr.io/s2')
        .to('gcr.io/p')
        .promote({ app: { [A]: [] } }),
    ]);
    const [want] = listOf(wanted, 'gcr.io/p/app').wants;
    expect(wanted.edges).toBe(1);
    expect(want?.sources).toEqual(['gcr.io/s1/app', 'gcr.io/s2/app']);
    expect(want?.tagless?.file).toBe('1');
  });

  it('without a tag never are in conflict', () => {
    expect(
      edges(
        from('gcr.io/s')
          .to('gcr.io/p')
          .promote({ app: { [A]: [], [B]: [] } }),
      ),
    ).toEqual(['gcr.io/p/app = a', 'gcr.io/p/app = b']);
  });
});

describe('nested destinations', () => {
  const outer = inFile('1').from('gcr.io/s1').to('pkg.dev/p/images');
  const inner = inFile('2').from('gcr.io/s2').to('pkg.dev/p/images/kubernetes');

  it('meet where they mean the same repository', () => {
    const manifests = [
      outer.promote({ 'kubernetes/x': { [A]: ['v1'] } }),
      inner.promote({ x: { [A]: ['v1'] } }),
    ];
    expect(edges(...manifests)).toEqual(['pkg.dev/p/images/kubernetes/x:v1 = a']);
    const [want] = listOf(expandEdges(manifests), 'pkg.dev/p/images/kubernetes/x').wants;
    expect(want?.sources).toEqual(['gcr.io/s1/kubernetes/x', 'gcr.io/s2/x']);
  });

  it('conflict where they mean the same tag', () => {
    const manifests = [
      outer.promote({ 'kubernetes/x': { [A]: ['v1'] } }),
      inner.promote({ x: { [B]: ['v1'] } }),
    ];
    expect(edges(...manifests)).toEqual(['pkg.dev/p/images/kubernetes/x:v1 = a|b']);
  });

  it('stay apart where only their beginnings are alike', () => {
    const manifests = [
      inFile('1')
        .from('gcr.io/s1')
        .to('gcr.io/p', 'gcr.io/p/metrics')
        .promote({ server: { [A]: ['v1'] } }),
      inFile('2')
        .from('gcr.io/s2')
        .to('gcr.io/p')
        .promote({ 'metrics-server': { [B]: ['v1'] } }),
    ];
    expect(edges(...manifests)).toEqual([
      'gcr.io/p/metrics-server:v1 = b',
      'gcr.io/p/metrics/server:v1 = a',
      'gcr.io/p/server:v1 = a',
    ]);
  });
});

describe('a conflict', () => {
  const manifests = [
    inFile('1')
      .from('gcr.io/s1')
      .to('gcr.io/p')
      .promote({ app: { [B]: ['v1', 'v2'], [A]: ['v3'] } }),
    inFile('2')
      .from('gcr.io/s2')
      .to('gcr.io/p')
      .promote({ app: { [A]: ['v1'] } }, { app: { [A]: ['v1'] } }),
    inFile('3')
      .from('gcr.io/s3')
      .to('gcr.io/p')
      .promote({ app: { [C]: ['v1'] } }),
  ];

  it('names every digest, source and place', () => {
    const [conflict] = listOf(expandEdges(manifests), 'gcr.io/p/app').conflicts;
    expect(
      conflict?.claims.map(({ digest, at }) => `${digit(digest)} ${at.map(formatPosition).join()}`),
    ).toEqual(['a 2:4:80,2:6:80', 'b 1:4:80', 'c 3:4:80']);
    expect(conflict?.claims[1]?.sources).toEqual(['gcr.io/s1/app']);
  });

  it('takes its tag from every want and leaves the other tags of the same digests', () => {
    expect(edges(...manifests)).toEqual([
      'gcr.io/p/app:v3 = a',
      'gcr.io/p/app:v2 = b',
      'gcr.io/p/app:v1 = a|b|c',
    ]);
  });

  it('counts an edge for each digest', () => {
    expect(expandEdges(manifests).edges).toBe(5);
  });

  it('is found at every destination that the manifests share, and at no other', () => {
    const manifests = [
      inFile('1')
        .from('gcr.io/s1')
        .to('us.gcr.io/p', 'eu.gcr.io/p')
        .promote({ app: { [A]: ['v1'] } }),
      inFile('2')
        .from('gcr.io/s2')
        .to('eu.gcr.io/p', 'asia.gcr.io/p')
        .promote({ app: { [B]: ['v1'] } }),
    ];
    expect(edges(...manifests)).toEqual([
      'asia.gcr.io/p/app:v1 = b',
      'eu.gcr.io/p/app:v1 = a|b',
      'us.gcr.io/p/app:v1 = a',
    ]);
  });

  it('within one entry is one too', () => {
    expect(
      edges(
        from('gcr.io/s')
          .to('gcr.io/p')
          .promote({ app: { [A]: ['v1'], [B]: ['v1'] } }),
      ),
    ).toEqual(['gcr.io/p/app:v1 = a|b']);
  });
});

describe('a want list', () => {
  it('is one object for all destinations of a manifest, however many', () => {
    const regions = Array.from({ length: 22 }, (_, number) => `r${number}.pkg.dev/p/images`);
    const wanted = expandEdges([
      from('gcr.io/s')
        .to(...regions)
        .promote({ app: { [A]: ['v1'] }, base: { [B]: [] } }),
    ]);
    expect(wanted.repositories).toHaveLength(44);
    expect(wanted.edges).toBe(44);
    expect(new Set(wanted.repositories.map(({ list }) => list)).size).toBe(2);
  });

  it('is another one where another manifest adds to it', () => {
    const wanted = expandEdges([
      inFile('1')
        .from('gcr.io/s')
        .to('us.gcr.io/p', 'eu.gcr.io/p')
        .promote({ app: { [A]: ['v1'] } }),
      inFile('2')
        .from('gcr.io/s')
        .to('eu.gcr.io/p')
        .promote({ app: { [A]: ['v2'] } }),
    ]);
    expect(listOf(wanted, 'us.gcr.io/p/app').edges).toBe(1);
    expect(listOf(wanted, 'eu.gcr.io/p/app').edges).toBe(2);
  });
});
