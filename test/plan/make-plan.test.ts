// Covers src/plan/decide-edge.ts
// Covers src/plan/plan.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPosition } from '../../src/base/position.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { formatReference } from '../../src/image/reference.ts';

import type { Inventory } from '../../src/inventory/inventory.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { makePlan, planConflicts } from '../../src/plan/make-plan.ts';
import { type Plan, type PlanItem } from '../../src/plan/plan.ts';
import { inventory, type Sources, type There } from '../builders/inventories.ts';
import { type Dmap, digest, from, inFile } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';

const A = digest('a');
const B = digest('b');
const C = digest('c');

/** Items as `decision repository:tag digit`. */
function decisions(plan: Plan): readonly string[] {
  return plan.items.map(
    (item) => `${item.decision} ${item.destination}:${item.tag ?? ''} ${item.digest.slice(7, 8)}`,
  );
}

function planOf(manifests: readonly PromoterManifest[], there: Inventory, keepPresent = false): Plan {
  return makePlan(expandEdges(manifests), there, { keepPresent });
}

describe('the decision for an edge', () => {
  const app = 'p.io/p/app';
  const source = 's.io/s/app';
  const v1: Dmap = { [A]: ['v1'] };
  const tagless: Dmap = { [A]: [] };

  it.each([
    // the rows of the candidate table, first to last
    ['present', 'the tag is this digest', v1, { [app]: { tags: { v1: A } } }, { [source]: [A] }],
    [
      'present',
      'the tag is this digest and the source has lost it',
      v1,
      { [app]: { tags: { v1: A } } },
      { [source]: [] },
    ],
    [
      'present',
      'the digest is wanted without a tag and there',
      tagless,
      { [app]: { digests: [A] } },
      { [source]: [A] },
    ],
    [
      'present',
      'it is wanted without a tag, there, and lost at the source',
      tagless,
      { [app]: { digests: [A] } },
      {},
    ],
    [
      'present',
      'it is wanted without a tag and there under some tag',
      tagless,
      { [app]: { tags: { v9: A } } },
      {},
    ],
    ['lost', 'neither side has the digest', v1, { [app]: {} }, { [source]: [] }],
    ['lost', 'neither side has the digest, which has no tag', tagless, { [app]: {} }, { [source]: [B] }],
    [
      'tag-move',
      'the tag is another digest and this one is there',
      v1,
      { [app]: { digests: [A], tags: { v1: B } } },
      {},
    ],
    ['tag-move', 'the tag is another digest', v1, { [app]: { tags: { v1: B } } }, { [source]: [A] }],
    [
      'tag-move',
      'the tag is another digest and the source has lost this one',
      v1,
      { [app]: { tags: { v1: B } } },
      { [source]: [] },
    ],
    ['add-tag', 'the digest is there without the tag', v1, { [app]: { digests: [A] } }, { [source]: [A] }],
    [
      'add-tag',
      'the digest is there under another tag',
      v1,
      { [app]: { tags: { v2: A } } },
      { [source]: [A] },
    ],
    [
      'add-tag',
      'the digest is there and the source has lost it',
      v1,
      { [app]: { digests: [A] } },
      { [source]: [] },
    ],
    ['copy', 'neither digest nor tag is there', v1, { [app]: {} }, { [source]: [A] }],
    ['copy', 'the name is there with other digests', v1, { [app]: { tags: { v2: B } } }, { [source]: [A] }],
    [
      'copy',
      'the digest has no tag and is not there',
      tagless,
      { [app]: { tags: { v2: B } } },
      { [source]: [A] },
    ],
    // what upstream takes for empty
    ['unreadable', 'the destination does not answer', v1, { [app]: 'silent' }, { [source]: [A] }],
    ['unreadable', 'the destination was not queried', v1, {}, { [source]: [A] }],
    ['unreadable', 'the source does not answer', v1, { [app]: {} }, { [source]: 'silent' }],
    [
      'present',
      'the source does not answer, and need not',
      v1,
      { [app]: { tags: { v1: A } } },
      { [source]: 'silent' },
    ],
  ] as const)('is %s where %s', (expected, _when, dmap, there, sources) => {
    const manifest = from('s.io/s').to('p.io/p').promote({ app: dmap });
    const plan = planOf([manifest], inventory(there, sources), true);
    expect(plan.items.map(({ decision }) => decision)).toEqual([expected]);
    expect(plan.counts[expected]).toBe(1);
  });

  it.each([
    [
      'copy',
      'from the first that has it',
      { 's.io/1/app': [], 's.io/2/app': [A], 's.io/3/app': [A] },
      ['2', '1', '3'],
    ],
    [
      'copy',
      'though another one does not answer',
      { 's.io/1/app': 'silent', 's.io/2/app': [A] },
      ['2', '1', '3'],
    ],
    [
      'unreadable',
      'where one does not answer and no other has it',
      { 's.io/1/app': [], 's.io/2/app': 'silent', 's.io/3/app': [] },
      ['1', '2', '3'],
    ],
    ['lost', 'where none has it', { 's.io/1/app': [], 's.io/2/app': [], 's.io/3/app': [] }, ['1', '2', '3']],
  ] as const)('with several sources is %s %s', (expected, _when, sources, order) => {
    const manifests = ['1', '2', '3'].map((number) =>
      inFile(number).from(`s.io/${number}`).to('p.io/p').promote({ app: v1 }),
    );
    const [item] = planOf(manifests, inventory({ [app]: {} }, sources)).items;
    expect(item?.decision).toBe(expected);
    expect(item?.sources).toEqual(order.map((number) => `s.io/${number}/app`));
  });
});

describe('a plan', () => {
  const three = from('s.io/s').to('a.io/p', 'b.io/p');
  const none = { 'a.io/p/app': {}, 'b.io/p/app': {} };

  it.each<[string, Dmap, There, Sources, readonly string[]]>([
    ['nothing', {}, none, {}, []],
    [
      'what is promoted already',
      { [A]: ['v1'] },
      { 'a.io/p/app': { tags: { v1: A } }, 'b.io/p/app': { tags: { v1: A } } },
      { 's.io/s/app': [A] },
      [],
    ],
    [
      'what the source cannot tell',
      { [A]: ['v1'] },
      none,
      { 's.io/s/app': 'silent' },
      ['unreadable a.io/p/app:v1 a', 'unreadable b.io/p/app:v1 a'],
    ],
    [
      'a digest that one destination lacks',
      { [A]: ['v1'] },
      { 'a.io/p/app': { tags: { v1: A } }, 'b.io/p/app': {} },
      { 's.io/s/app': [A] },
      ['copy b.io/p/app:v1 a'],
    ],
    [
      'a name that is there without the digest',
      { [A]: ['v1'] },
      { 'a.io/p/app': { tags: { v0: B } }, 'b.io/p/app': { tags: { v0: B } } },
      { 's.io/s/app': [A] },
      ['copy a.io/p/app:v1 a', 'copy b.io/p/app:v1 a'],
    ],
    [
      'a tag that would move from the bad image to the good one',
      { [A]: ['v1'] },
      { 'a.io/p/app': { tags: { v1: B } }, 'b.io/p/app': {} },
      { 's.io/s/app': [A, B] },
      ['tag-move a.io/p/app:v1 a', 'copy b.io/p/app:v1 a'],
    ],
    [
      'two tags that would be swapped',
      { [A]: ['v3'], [B]: ['v2'] },
      { 'a.io/p/app': { tags: { v2: A, v3: B } }, 'b.io/p/app': { tags: { v2: B, v3: A } } },
      { 's.io/s/app': [A, B] },
      ['tag-move a.io/p/app:v2 b', 'tag-move a.io/p/app:v3 a'],
    ],
    [
      'a digest without tags that one destination lacks',
      { [A]: [] },
      { 'a.io/p/app': { digests: [A] }, 'b.io/p/app': {} },
      { 's.io/s/app': [A] },
      ['copy b.io/p/app: a'],
    ],
    [
      'less than is there: extra tags are left alone',
      { [A]: ['v1'] },
      { 'a.io/p/app': { tags: { v1: A, extra: A } }, 'b.io/p/app': { tags: { v1: A, extra: B } } },
      {},
      [],
    ],
    [
      'what the source has not got',
      { [A]: ['v1'] },
      none,
      { 's.io/s/app': [] },
      ['lost a.io/p/app:v1 a', 'lost b.io/p/app:v1 a'],
    ],
    [
      'one more tag at both destinations',
      { [A]: ['v1', 'v2'] },
      { 'a.io/p/app': { tags: { v1: A } }, 'b.io/p/app': { tags: { v1: A } } },
      { 's.io/s/app': [A] },
      ['add-tag a.io/p/app:v2 a', 'add-tag b.io/p/app:v2 a'],
    ],
    [
      'one more tag at one destination',
      { [A]: ['v1', 'v2'] },
      { 'a.io/p/app': { tags: { v1: A } }, 'b.io/p/app': { tags: { v1: A, v2: A } } },
      { 's.io/s/app': [A] },
      ['add-tag a.io/p/app:v2 a'],
    ],
  ])('for %s', (_what, dmap, there, sources, expected) => {
    const plan = planOf([three.promote({ app: dmap })], inventory(there, sources));
    expect(decisions(plan)).toEqual(expected);
  });

  it('leads to the rebased names of nested destinations', () => {
    const manifest = from('s.io/s')
      .to('p.io/p/foo', 'p.io/p/foo/bar')
      .promote({ app: { [A]: ['v1'] } });
    const there = { 'p.io/p/foo/app': { tags: { v1: B } }, 'p.io/p/foo/bar/app': {} };
    expect(decisions(planOf([manifest], inventory(there, { 's.io/s/app': [A] })))).toEqual([
      'tag-move p.io/p/foo/app:v1 a',
      'copy p.io/p/foo/bar/app:v1 a',
    ]);
  });

  it('names in a tag move the digest that was found', () => {
    const there = inventory({ 'a.io/p/app': { tags: { v1: B } }, 'b.io/p/app': { tags: { v1: A } } });
    expect(planOf([three.promote({ app: { [A]: ['v1'] } })], there).items).toMatchObject([
      { decision: 'tag-move', digest: A, found: B },
    ]);
  });

  it('has an item for each side of a conflict, which names the others with their places', () => {
    const manifests = [
      inFile('1')
        .from('s.io/1')
        .to('a.io/p')
        .promote({ app: { [A]: ['v1', 'v2'] } }),
      inFile('2')
        .from('s.io/2')
        .to('a.io/p')
        .promote({ app: { [B]: ['v1'] } }),
    ];
    const plan = planOf(manifests, inventory({ 'a.io/p/app': { tags: { v1: A } } }, { 's.io/1/app': [A] }));
    expect(decisions(plan)).toEqual([
      'conflict a.io/p/app:v1 a',
      'conflict a.io/p/app:v1 b',
      'add-tag a.io/p/app:v2 a',
    ]);
    expect(plan.items.map(claimsOf)).toEqual([['b 2:4:80'], ['a 1:4:80'], []]);
    expect(plan.counts).toMatchObject({ conflict: 2, 'add-tag': 1, present: 0 });
  });

  it('makes no object of an edge that is present, unless it is asked to', () => {
    const manifest = three.promote({ app: { [A]: ['v1', 'v2'], [B]: [] } });
    const full = { digests: [B], tags: { v1: A, v2: A } };
    const there = inventory({ 'a.io/p/app': full, 'b.io/p/app': { ...full, tags: { v1: A } } });
    const plan = planOf([manifest], there);
    expect(decisions(plan)).toEqual(['add-tag b.io/p/app:v2 a']);
    expect(plan.counts.present).toBe(5);
    const kept = planOf([manifest], there, true);
    expect(kept.items).toHaveLength(6);
    expect({ counts: kept.counts, hosts: kept.hosts }).toEqual({ counts: plan.counts, hosts: plan.hosts });
    expect(makePlan(expandEdges([manifest]), there)).toEqual(plan);
  });

  it('tells which side did not answer, and what it said', () => {
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ deaf: { [A]: ['v1'] }, silent: { [A]: ['v1'] }, unasked: { [A]: ['v1'] } });
    const there = inventory({ 'p.io/p/deaf': 'silent', 'p.io/p/silent': {} }, { 's.io/s/silent': 'silent' });
    expect(planOf([manifest], there).items).toMatchObject([
      { decision: 'unreadable', destination: 'p.io/p/deaf', reason: 'destination: 503' },
      { decision: 'unreadable', destination: 'p.io/p/silent', reason: 'source: 403' },
      { decision: 'unreadable', destination: 'p.io/p/unasked', reason: 'the destination was not queried' },
    ]);
  });

  it('names the place of a digest that is wanted without a tag, and sorts it after all tags, as it is written', () => {
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [B]: [], [A]: ['1.0'] } }, { app: { [A]: [] } });
    const plan = planOf([manifest], inventory({ 'p.io/p/app': {} }, { 's.io/s/app': [A, B] }));
    expect(decisions(plan)).toEqual(['copy p.io/p/app:1.0 a', 'copy p.io/p/app: a', 'copy p.io/p/app: b']);
    expect(plan.items.map(({ at }) => at.map(formatPosition))).toEqual([
      ['m.yaml:5:80'],
      ['m.yaml:7:1'],
      ['m.yaml:4:1'],
    ]);
  });

  it('counts by host, in order', () => {
    const there = inventory({ 'a.io/p/app': {}, 'b.io/p/app': { tags: { v1: A } } }, { 's.io/s/app': [A] });
    const { hosts } = planOf([three.promote({ app: { [A]: ['v1'] } })], there);
    expect(Object.entries(hosts).map(([host, { copy, present }]) => ({ host, copy, present }))).toEqual([
      { host: 'a.io', copy: 1, present: 0 },
      { host: 'b.io', copy: 0, present: 1 },
    ]);
  });

  it('has hosts in the order of their names, which is not that of their repositories', () => {
    const manifest = from('s.io/s')
      .to('a.io/p', 'a.io-b.example/p')
      .promote({ app: { [A]: ['v1'] } });
    const { hosts, items } = planOf([manifest], inventory({}));
    expect(items.map(({ destination }) => destination)).toEqual(['a.io-b.example/p/app', 'a.io/p/app']);
    expect(Object.keys(hosts)).toEqual(['a.io', 'a.io-b.example']);
  });

  it('tells which repositories to write to are new', () => {
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ empty: { [A]: ['v1'] }, full: { [A]: ['v1'] }, lost: { [B]: ['v1'] } });
    const there = { 'p.io/p/empty': {}, 'p.io/p/full': { tags: { v0: B } }, 'p.io/p/lost': {} };
    const sources = { 's.io/s/empty': [A], 's.io/s/full': [A], 's.io/s/lost': [] };
    expect(Array.from(planOf([manifest], inventory(there, sources)).newRepositories)).toEqual([
      'p.io/p/empty',
    ]);
  });

  it('of the conflicts alone needs no registry', () => {
    const manifest = three.promote({ app: { [A]: ['v1', 'v2'], [B]: ['v1'] } });
    const plan = planConflicts(expandEdges([manifest]));
    expect(decisions(plan)).toEqual([
      'conflict a.io/p/app:v1 a',
      'conflict a.io/p/app:v1 b',
      'conflict b.io/p/app:v1 a',
      'conflict b.io/p/app:v1 b',
    ]);
    expect(plan.counts).toMatchObject({ conflict: 4, unreadable: 0, copy: 0 });
  });
});

function claimsOf(item: PlanItem): readonly string[] {
  if (item.decision !== 'conflict') return [];
  return item.others.map(({ digest, at }) => `${digest.slice(7, 8)} ${at.map(formatPosition).join()}`);
}

describe('a plan of anything', () => {
  const dmap = fc.dictionary(
    fc.constantFrom(A, B, C),
    fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3'), { maxLength: 3 }),
    {
      maxKeys: 3,
    },
  );
  const images = fc.array(fc.dictionary(fc.constantFrom('x', 'y', 'deep/x'), dmap, { maxKeys: 2 }), {
    maxLength: 2,
  });
  const manifest = fc
    .record({
      file: fc.constantFrom('1', '2', '3'),
      source: fc.constantFrom('s.io/1', 's.io/2'),
      destinations: fc.uniqueArray(fc.constantFrom('a.io/p', 'a.io/p/deep', 'b.io/p'), { minLength: 1 }),
      images,
    })
    .map(({ file, source, destinations, images }) =>
      inFile(file)
        .from(source)
        .to(...destinations)
        .promote(...images),
    );
  const anyDigest = fc.constantFrom(A, B, C);
  const state = fc.oneof(
    fc.constant('silent' as const),
    fc.record({
      digests: fc.uniqueArray(anyDigest),
      tags: fc.dictionary(fc.constantFrom('v1', 'v2', 'v3'), anyDigest),
    }),
  );
  const world = fc
    .record({
      manifests: fc.array(manifest, { maxLength: 4 }),
      states: fc.infiniteStream(state),
      sources: fc.infiniteStream(fc.oneof(fc.constant('silent' as const), fc.uniqueArray(anyDigest))),
      chance: fc.infiniteStream(fc.nat(1000)),
    })
    .map(({ manifests, states, sources, chance }) => {
      const wanted = expandEdges(manifests);
      const there = Object.fromEntries(
        wanted.repositories.map(({ repository }) => [repository, take(states)]),
      );
      const names = ['s.io/1', 's.io/2'].flatMap((s) => ['x', 'y', 'deep/x'].map((name) => `${s}/${name}`));
      const sourcesThere = Object.fromEntries(names.map((name) => [name, take(sources)]));
      return { manifests, wanted, inventory: inventory(there, sourcesThere), chance };
    });

  it('is the same whatever the order of manifests, entries and answers', () => {
    fc.assert(
      fc.property(world, ({ manifests, inventory: there, chance }) => {
        const shuffle = <T>(items: Iterable<T>): T[] =>
          Array.from(items, (item) => ({ item, key: take(chance) }))
            .toSorted((x, y) => x.key - y.key)
            .map(({ item }) => item);
        const shuffled = shuffle(manifests).map((one) => ({
          ...one,
          destinations: shuffle(one.destinations),
          images: shuffle(one.images).map((entry) => ({
            ...entry,
            digests: shuffle(entry.digests).map((each) => ({ ...each, tags: shuffle(each.tags) })),
          })),
        }));
        const later: Inventory = {
          destinations: new Map(shuffle(there.destinations)),
          sources: new Map(shuffle(there.sources)),
        };
        expect(comparable(planOf(shuffled, later))).toEqual(comparable(planOf(manifests, there)));
        expect(JSON.stringify(planOf(manifests, later).items)).toBe(
          JSON.stringify(planOf(manifests, there).items),
        );
      }),
      runs({ seed: 5, numRuns: 300 }),
    );
  });

  it('decides every edge once, and nothing twice for one tag', () => {
    fc.assert(
      fc.property(world, ({ manifests, wanted, inventory: there }) => {
        const plan = planOf(manifests, there, true);
        expect(plan.items).toHaveLength(wanted.edges);
        expect(Object.values(plan.counts).reduce((sum, count) => sum + count)).toBe(wanted.edges);
        const lean = planOf(manifests, there);
        expect(lean.counts).toEqual(plan.counts);
        expect(lean.items).toHaveLength(wanted.edges - plan.counts.present);
        const written = plan.items
          .filter(({ decision, tag }) => tag !== undefined && (decision === 'copy' || decision === 'add-tag'))
          .map(({ destination, tag, digest }) => formatReference(destination, tag ?? digest));
        expect(new Set(written).size).toBe(written.length);
      }),
      runs({ seed: 6, numRuns: 300 }),
    );
  });
});

/** Sources and places come in the order of the manifests: here only which they are counts. */
function comparable({ items, counts, hosts, newRepositories }: Plan) {
  return {
    items: items.map((item) => ({
      ...item,
      sources: item.sources.toSorted(),
      at: item.tag === undefined ? [] : item.at.map(formatPosition).toSorted(),
      ...(item.decision === 'conflict' && {
        others: claimsOf(item).map((claim) => claim.split(/[ ,]/).toSorted()),
      }),
      ...(item.decision === 'unreadable' && { reason: '' }),
    })),
    counts,
    hosts: Object.entries(hosts),
    newRepositories,
  };
}

function take<T>(stream: Iterator<T>): T {
  const next = stream.next();
  if (next.done) throw new Error('the stream is infinite');
  return next.value;
}
