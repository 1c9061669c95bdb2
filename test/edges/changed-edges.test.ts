import { array, assert, constantFrom, dictionary, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonEdges, removedEdges, subtractEdges } from '../../src/edges/changed-edges.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { digest, from, inFile } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';
import { edgesOfWanted } from '../builders/wanted-edges.ts';

const A = digest('a');
const B = digest('b');

function changed(base: readonly PromoterManifest[], head: readonly PromoterManifest[]) {
  const wanted = expandEdges(head);
  return subtractEdges(wanted, commonEdges(wanted, expandEdges(base)));
}

const app = (dmap: Readonly<Record<string, readonly string[]>>) =>
  from('gcr.io/s').to('eu.io/p', 'us.io/p').promote({ app: dmap });

describe('the edges that changed', () => {
  it('are those of a new tag, and not those of its digest', () => {
    expect(edgesOfWanted(changed([app({ [A]: ['v1'] })], [app({ [A]: ['v1', 'v2'] })]))).toEqual([
      'eu.io/p/app:v2 = a',
      'us.io/p/app:v2 = a',
    ]);
  });

  it('are all of a new destination', () => {
    const before = from('gcr.io/s')
      .to('eu.io/p')
      .promote({ app: { [A]: ['v1'], [B]: [] } });
    expect(edgesOfWanted(changed([before], [app({ [A]: ['v1'], [B]: [] })]))).toEqual([
      'us.io/p/app = b',
      'us.io/p/app:v1 = a',
    ]);
  });

  it('are none of a project with another name, another source or another order', () => {
    const before = inFile('a.yaml')
      .from('gcr.io/s')
      .to('eu.io/p', 'us.io/p')
      .promote({ app: { [A]: ['v1', 'v2'] } });
    const after = inFile('z.yaml')
      .from('gcr.io/t')
      .to('us.io/p', 'eu.io/p')
      .promote({ app: { [A]: ['v2', 'v1'] } });
    expect(changed([before], [after])).toEqual({ repositories: [], edges: 0 });
  });

  it('share the lists of regions', () => {
    const { repositories } = changed([app({ [A]: ['v1'] })], [app({ [A]: ['v1', 'v2'] })]);
    expect(repositories[0]?.list).toBe(repositories[1]?.list);
  });

  it('contradict an edge that did not change', () => {
    const wanted = changed([app({ [A]: ['v1'] })], [app({ [A]: ['v1'] }), app({ [B]: ['v1'] })]);
    expect(edgesOfWanted(wanted)).toEqual(['eu.io/p/app:v1 = b !', 'us.io/p/app:v1 = b !']);
    expect(wanted.repositories[0]?.list.conflicts[0]?.known?.map(({ digest }) => digest)).toEqual([A]);
  });

  it('are those of a conflict that was resolved: they were not promoted before', () => {
    const contested = [app({ [A]: ['v1'] }), app({ [B]: ['v1'] })];
    expect(changed(contested, contested).edges).toBe(0);
    expect(edgesOfWanted(changed(contested, [app({ [A]: ['v1'] })]))).toEqual([
      'eu.io/p/app:v1 = a',
      'us.io/p/app:v1 = a',
    ]);
  });
});

describe('the edges that were removed', () => {
  const removed = (base: PromoterManifest, head: PromoterManifest) =>
    edgesOfWanted(removedEdges(expandEdges([head]), expandEdges([base])));

  it('are tags, digests and destinations that are gone', () => {
    const head = from('gcr.io/s')
      .to('eu.io/p')
      .promote({ app: { [A]: ['v1'] } });
    expect(removed(app({ [A]: ['v1', 'v2'], [B]: [] }), head)).toEqual([
      'eu.io/p/app = b',
      'eu.io/p/app:v2 = a',
      'us.io/p/app = b',
      'us.io/p/app:v1 = a',
      'us.io/p/app:v2 = a',
    ]);
  });

  it('are none where an untagged digest gets a tag', () => {
    expect(removed(app({ [A]: [] }), app({ [A]: ['v1'] }))).toEqual([]);
  });
});

it('edges(changed) = edges(head) − edges(base), for random pairs of manifests', () => {
  assert(
    property(MANIFESTS, MANIFESTS, (base, head) => {
      const wanted = changed(base, head);
      const before = naiveEdges(base);
      const expected = naiveEdges(head).filter(
        (edge) => !before.includes(edge) && !before.includes(edge.replace(/ !$/, '')),
      );
      expect(edgesOfWanted(wanted)).toEqual(expected);
      expect(wanted.edges).toBe(expected.length);
    }),
    runs({ seed: 17, numRuns: 500 }),
  );
});

it('what is common to several states changed in none of them', () => {
  assert(
    property(MANIFESTS, array(MANIFESTS, { maxLength: 4 }), (head, states) => {
      const wanted = expandEdges(head);
      const steady = states.reduce((left, state) => commonEdges(left, expandEdges(state)), wanted);
      const each = states.map((state) => edgesOfWanted(changed(state, head)));
      const expected = edgesOfWanted(wanted).filter((edge) => each.some((edges) => edges.includes(edge)));
      expect(edgesOfWanted(subtractEdges(wanted, steady))).toEqual(expected);
    }),
    runs({ seed: 18, numRuns: 200 }),
  );
});

const TAGS = uniqueArray(constantFrom('v1', 'v2', 'v3'), { maxLength: 3 });
const DMAP = dictionary(constantFrom(A, B, digest('c')), TAGS, { maxKeys: 3 });
const MANIFEST = record({
  file: constantFrom('a.yaml', 'b.yaml'),
  source: constantFrom('gcr.io/s', 'gcr.io/t'),
  destinations: uniqueArray(constantFrom('eu.io/p', 'us.io/p', 'us.io/p/app'), { minLength: 1 }),
  images: array(dictionary(constantFrom('app', 'app/app', 'tool'), DMAP, { maxKeys: 2 }), {
    maxLength: 2,
  }),
}).map(({ file, source, destinations, images }) =>
  inFile(file)
    .from(source)
    .to(...destinations)
    .promote(...images),
);
const MANIFESTS = array(MANIFEST, { maxLength: 3 });

/** Every edge by itself, from the entries of the manifests. */
function naiveEdges(manifests: readonly PromoterManifest[]): readonly string[] {
  const edges = new Set<string>();
  const digests = new Map<string, Set<string>>();
  for (const { destinations, images } of manifests) {
    for (const destination of destinations) {
      for (const { name, digests: entries } of images) {
        for (const { digest, tags } of entries) {
          const repository = `${destination.name}/${name}`;
          const names = tags.length === 0 ? [repository] : tags.map(({ tag }) => `${repository}:${tag}`);
          for (const place of names) {
            edges.add(`${place} = ${digest.slice(7, 8)}`);
            if (tags.length > 0) digests.set(place, (digests.get(place) ?? new Set()).add(digest));
          }
        }
      }
    }
  }
  return Array.from(edges, (edge) => {
    const [place = ''] = edge.split(' = ');
    return (digests.get(place)?.size ?? 0) > 1 ? `${edge} !` : edge;
  }).toSorted();
}
