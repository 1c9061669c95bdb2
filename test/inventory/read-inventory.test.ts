// Covers src/inventory/inventory.ts
// Covers src/inventory/listing-state.ts
// Covers src/inventory/listing-strategy.ts
// Covers src/inventory/probe-unknown-digests.ts
// Covers src/inventory/read-destination.ts
// Covers src/inventory/read-sources.ts
// Covers src/ports/registry-error.ts
// Covers src/ports/unreadable.ts

import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { countQueries } from '../../src/inventory/inventory.ts';
import { sourceKey } from '../../src/inventory/inventory.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import type { Listing } from '../../src/ports/registry.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { image } from '../builders/images.ts';
import { digest, from, inFile, repository, tag } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const a = A.manifest.digest;
const b = B.manifest.digest;
const TEN = Array.from({ length: 10 }, (_, number) => `v${number}`);

/** Sources are on `s.example`, destinations elsewhere. */
function read(registry: MemoryRegistry, ...manifests: readonly PromoterManifest[]) {
  const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
  return readInventory(expandEdges(manifests), ports, new AbortController().signal);
}

async function stateOf(registry: MemoryRegistry, where: string, manifest: PromoterManifest) {
  const { destinations } = await read(registry, manifest);
  const state = destinations.get(repository(where));
  if (state?.kind !== 'read') return state;
  return {
    exists: state.exists,
    tags: Object.fromEntries(state.tags),
    digests: [...state.digests].toSorted(),
  };
}

const toProd = from('s.example/s').to('p.example/p');

describe('a destination that lists digests', () => {
  const manifest = from('s.example/s')
    .to('eu.gcr.io/p')
    .promote({ app: { [a]: TEN, [b]: [] } });

  it('is asked one question', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    registry.push('eu.gcr.io/p/app', A, 'v0', 'v1', 'unwanted');
    registry.push('eu.gcr.io/p/app', B);
    expect(await stateOf(registry, 'eu.gcr.io/p/app', manifest)).toMatchObject({
      exists: true,
      tags: { v0: a, v1: a },
      digests: [a, b].toSorted(),
    });
    expect(registry.log()).toEqual(['list eu.gcr.io/p/app']);
  });

  it('is empty where nothing is listed', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    expect(await stateOf(registry, 'eu.gcr.io/p/app', manifest)).toEqual({
      exists: false,
      tags: {},
      digests: [],
    });
    expect(registry.log({ repository: repository('eu.gcr.io/p/app') })).toEqual(['list eu.gcr.io/p/app']);
  });

  it('is known by its answer, whatever its name', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    const many = toProd.promote({ a: { [a]: TEN }, b: { [a]: TEN }, c: { [a]: TEN.slice(0, 7), [b]: [] } });
    for (const name of ['a', 'b', 'c']) registry.push(`p.example/p/${name}`, A, ...TEN);
    registry.push('p.example/p/c', B);
    await readInventory(
      expandEdges([many]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(registry.log()).toEqual(['list p.example/p/a', 'list p.example/p/b', 'list p.example/p/c']);
  });
});

describe('a destination that lists tags', () => {
  it.each(['eu.gcr.io/p', 'p.example/p'])('is not taken for an empty one: %s', async (where) => {
    const registry = new MemoryRegistry();
    registry.push(`${where}/app`, A, 'v0');
    const manifest = from('s.example/s')
      .to(where)
      .promote({ app: { [a]: TEN } });
    expect(await stateOf(registry, `${where}/app`, manifest)).toEqual({
      exists: true,
      tags: { v0: a },
      digests: [a],
    });
  });

  it('is asked for a tag first, and for nothing else where that was all', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1');
    await read(registry, toProd.promote({ app: { [a]: ['v1'] } }));
    expect(registry.log()).toEqual(['resolve p.example/p/app v1']);
  });

  it('is asked for each tag while they are there', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1', 'v2', 'v3');
    await read(registry, toProd.promote({ app: { [a]: ['v1', 'v2', 'v3'] } }));
    expect(registry.log().map((line) => line.slice(-2))).toEqual(['v1', 'v2', 'v3']);
    expect(registry.count({ verb: 'list' })).toBe(0);
  });

  it('is listed once the first tag is absent, and that answers for all absent tags', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v3');
    const manifest = toProd.promote({ app: { [a]: ['v1', 'v2', 'v3', 'v4'] } });
    expect(await stateOf(registry, 'p.example/p/app', manifest)).toMatchObject({
      tags: { v3: a },
      digests: [a],
    });
    expect(registry.log()).toEqual([
      'resolve p.example/p/app v1',
      'list p.example/p/app',
      'resolve p.example/p/app v3',
    ]);
  });

  it.each([
    ['of one page for 4 absent tags', 1, 4],
    ['of 3 pages for 4 absent tags', 3, 4],
    ['of 4 pages for 4 absent tags no more', 4, 1],
  ])('that is new is asked for a list %s, once its host has given one', async (_what, pages, lists) => {
    const registry = new MemoryRegistry({ pages });
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) registry.push(`p.example/p/${name}`, B, 'other');
    const images = names.map((name) => [name, { [a]: ['v1', 'v2', 'v3', 'v4', 'v5'] }] as const);
    await readInventory(
      expandEdges([toProd.promote(Object.fromEntries(images))]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(registry.count({ verb: 'list' })).toBe(lists);
  });

  it('is not listed for the sake of a single tag more', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A);
    await read(registry, toProd.promote({ app: { [a]: ['v1', 'v2'] } }));
    expect(registry.log()).toEqual([
      'resolve p.example/p/app v1',
      'resolve p.example/p/app v2',
      `resolve p.example/p/app ${a}`,
    ]);
  });

  it('is listed at once where many tags are wanted, until it is known that it lists tags only', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/a', A, ...TEN);
    registry.push('p.example/p/b', A, ...TEN);
    await readInventory(
      expandEdges([toProd.promote({ a: { [a]: TEN }, b: { [a]: TEN } })]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(registry.log({ verb: 'list' })).toEqual(['list p.example/p/a']);
    expect(registry.count({ verb: 'resolve' })).toBe(20);
  });

  it('is asked by digest for what no tag has shown', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1');
    registry.push('p.example/p/app', B);
    const manifest = toProd.promote({ app: { [a]: ['v1'], [b]: ['v2'], [digest('c')]: [] } });
    const state = await stateOf(registry, 'p.example/p/app', manifest);
    expect(state).toMatchObject({ tags: { v1: a }, digests: [a, b].toSorted() });
  });

  it('is not asked for a digest whose every tag is another one: the tags decide', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1');
    await read(registry, toProd.promote({ app: { [b]: ['v1'] } }));
    expect(registry.log()).toEqual(['resolve p.example/p/app v1']);
  });

  it('that is missing is empty, and asked further only for what is wanted without a tag', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.example/s/app', A);
    registry.push('s.example/s/app', B);
    const manifest = toProd.promote({ app: { [a]: ['v1', 'v2', 'v3'], [b]: [] } });
    expect(await stateOf(registry, 'p.example/p/app', manifest)).toEqual({
      exists: false,
      tags: {},
      digests: [],
    });
    expect(registry.log({ repository: repository('p.example/p/app') })).toEqual([
      'resolve p.example/p/app v1',
      'list p.example/p/app',
      `resolve p.example/p/app ${b}`,
    ]);
  });

  it('that has no tags seems to be missing, and is asked for all when it holds something after all', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A);
    registry.push('p.example/p/app', B);
    const manifest = toProd.promote({ app: { [a]: ['v1', 'v2', 'v3'], [b]: [] } });
    expect(await stateOf(registry, 'p.example/p/app', manifest)).toEqual({
      exists: true,
      tags: {},
      digests: [a, b].toSorted(),
    });
  });

  it('that has no tags is looked at once more before a digest is called lost', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A);
    const manifest = toProd.promote({ app: { [a]: ['v1', 'v2', 'v3'], [b]: ['v4'] } });
    expect(await stateOf(registry, 'p.example/p/app', manifest)).toMatchObject({ digests: [a] });
  });
});

describe('what a large repository costs', () => {
  const EMPTY = { kind: 'digests', has: () => false, indexes: new Set<Digest>(), children: [] } as const;

  it('is no map of all digests while the wanted ones have their tags', async () => {
    const manifest = from('s.example/s')
      .to('eu.gcr.io/p')
      .promote({ app: { [a]: TEN } });
    const tags = new Map(TEN.map((name) => [tag(name), a]));
    const has = (one: Digest) => one === a;
    const list = (): Promise<Listing> =>
      Promise.resolve({
        ...EMPTY,
        tags,
        has,
        get manifests(): never {
          throw new Error('the map of all digests was made');
        },
      });
    const registry = Object.assign(new MemoryRegistry({ listing: 'google' }), { list });
    expect(await stateOf(registry, 'eu.gcr.io/p/app', manifest)).toMatchObject({
      exists: true,
      digests: [a],
    });
  });

  it('is 64 lookups of tags at a time', async () => {
    const names = Array.from({ length: 1000 }, (_, number) => `v${number}`);
    let [most, now] = [0, 0];
    const pace = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((done) => setImmediate(done));
      now -= 1;
    };
    const registry = new MemoryRegistry({ listing: 'tags', pace });
    registry.push('p.example/p/app', A, ...names);
    const state = await stateOf(registry, 'p.example/p/app', toProd.promote({ app: { [a]: names } }));
    expect(Object.keys(state && 'tags' in state ? state.tags : {})).toHaveLength(1000);
    expect(most).toBe(64);
  });
});

describe('a destination that refuses to list', () => {
  it('is asked for every tag instead, and never to list again', async () => {
    const registry = new MemoryRegistry({ listing: 'refused' });
    registry.push('p.example/p/a', A, 'v9');
    const manifest = toProd.promote({ a: { [a]: TEN }, b: { [a]: TEN } });
    const { destinations } = await readInventory(
      expandEdges([manifest]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(destinations.get(repository('p.example/p/a'))).toMatchObject({
      kind: 'read',
      tags: new Map([['v9', a]]),
    });
    expect(destinations.get(repository('p.example/p/b'))).toMatchObject({ kind: 'read', tags: new Map() });
    expect(registry.count({ verb: 'list' })).toBe(1);
  });
});

describe('a destination whose list breaks off, or is not there', () => {
  const BROKEN = new RegistryError('unexpected', 'the list of tags breaks off after its first page');
  const GONE = new RegistryError('refused', 'GET https://test: 404', { status: 404 });
  const manifest = toProd.promote({ a: { [a]: TEN }, b: { [a]: TEN } });

  it.each([BROKEN, GONE])('is asked for every tag, and once for its list: $message', async (error) => {
    const registry = new MemoryRegistry();
    for (const name of ['a', 'b']) registry.push(`p.example/p/${name}`, A, 'v9');
    registry.fail({ verb: 'list' }, { error });
    const { destinations } = await read(registry, manifest);
    for (const name of ['a', 'b']) {
      const state = destinations.get(repository(`p.example/p/${name}`));
      expect(state).toMatchObject({ kind: 'read', tags: new Map([['v9', a]]) });
    }
    expect(registry.count({ verb: 'list' })).toBe(2);
    expect(registry.count({ verb: 'resolve' })).toBe(20);
  });

  it.each([
    ['breaks off', BROKEN],
    ['is refused', new RegistryError('refused', 'GET https://test: 403', { status: 403 })],
  ])('says nothing of other lists of a host that has given one: it %s', async (_what, error) => {
    const registry = new MemoryRegistry({ listing: 'google' });
    const names = ['a', 'b', 'c'];
    for (const name of names) registry.push(`p.example/p/${name}`, A, ...TEN);
    registry.fail({ verb: 'list', repository: repository('p.example/p/b') }, { error });
    const images = toProd.promote(Object.fromEntries(names.map((name) => [name, { [a]: TEN }])));
    await readInventory(
      expandEdges([images]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(registry.log({ verb: 'list' })).toEqual(names.map((name) => `list p.example/p/${name}`));
    expect(registry.count({ verb: 'resolve' })).toBe(10);
  });
});

describe('a source', () => {
  it('is asked once for what some destination lacks, and for nothing else', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.example/s/app', A);
    registry.push('us.example/p/app', A, 'v1');
    registry.push('us.example/p/app', B, 'v2');
    registry.push('eu.example/p/app', B, 'v2');
    const { sources } = await read(
      registry,
      from('s.example/s')
        .to('us.example/p', 'eu.example/p', 'asia.example/p')
        .promote({ app: { [a]: ['v1'], [b]: ['v2'] } }),
    );
    expect(registry.log({ repository: repository('s.example/s/app') }).toSorted()).toEqual(
      [`resolve s.example/s/app ${a}`, `resolve s.example/s/app ${b}`].toSorted(),
    );
    expect(sources.get(sourceKey(repository('s.example/s/app'), a))).toEqual({ kind: 'present' });
    expect(sources.get(sourceKey(repository('s.example/s/app'), b))).toEqual({ kind: 'absent' });
  });

  it('is not asked at all where everything is there', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1');
    const { sources } = await read(registry, toProd.promote({ app: { [a]: ['v1'] } }));
    expect(sources.size).toBe(0);
  });

  it.each([
    ['a tag is to be added', { [a]: ['v1', 'v2'] }],
    ['a tag would move', { [b]: ['v1'] }],
  ])('is not asked where %s', async (_what, dmap) => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app', A, 'v1');
    const { sources } = await read(registry, toProd.promote({ app: dmap }));
    expect(sources.size).toBe(0);
  });

  it('is followed by the next one where it has not got the digest', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.example/two/app', A);
    const { sources } = await read(
      registry,
      ...['one', 'two', 'three'].map((name) =>
        inFile(name)
          .from(`s.example/${name}`)
          .to('p.example/p')
          .promote({ app: { [a]: ['v1'] } }),
      ),
    );
    expect(Object.fromEntries(sources)).toEqual({
      [`s.example/one/app@${a}`]: { kind: 'absent' },
      [`s.example/two/app@${a}`]: { kind: 'present' },
    });
  });
});

describe('a registry that does not answer', () => {
  it('is a value: its repository is unreadable, the others are read, its sources are not asked', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.example/s/good', A);
    registry.fail({ repository: repository('p.example/p/bad') });
    const { destinations, sources } = await read(
      registry,
      toProd.promote({ bad: { [a]: ['v1'] }, good: { [a]: ['v1'] } }),
    );
    expect(destinations.get(repository('p.example/p/bad'))).toEqual({
      kind: 'unreadable',
      reason: 'GET https://test: 503',
    });
    expect(destinations.get(repository('p.example/p/good'))?.kind).toBe('read');
    expect(Array.from(sources.keys())).toEqual([`s.example/s/good@${a}`]);
  });

  it.each([
    ['temporarily', new RegistryError('unavailable', 'GET: 503', { status: 503, temporary: true })],
    ['at all', new RegistryError('unreachable', 'GET: reset')],
  ])('with a list %s is unreadable, not one without lists', async (_what, error) => {
    const registry = new MemoryRegistry();
    registry.fail({ verb: 'list' }, { error });
    const { destinations } = await read(registry, toProd.promote({ app: { [a]: TEN } }));
    expect(destinations.get(repository('p.example/p/app'))).toEqual({
      kind: 'unreadable',
      reason: error.message,
    });
  });

  it('is a value at a source too', async () => {
    const registry = new MemoryRegistry();
    registry.fail({ repository: repository('s.example/s/app') });
    const { sources } = await read(registry, toProd.promote({ app: { [a]: ['v1'] } }));
    expect(Object.fromEntries(sources)).toEqual({
      [`s.example/s/app@${a}`]: { kind: 'unreadable', reason: 'GET https://test: 503' },
    });
  });
});

describe('an inventory', () => {
  it('asks hosts by turns, so that none waits for the end of another', async () => {
    const registry = new MemoryRegistry();
    const to = ['us.example/p', 'eu.example/p', 'eu.example/q'];
    const manifest = from('s.example/s')
      .to(...to)
      .promote({ a: { [a]: ['v1'] }, b: { [a]: ['v1'] } });
    for (const where of to) for (const name of ['a', 'b']) registry.push(`${where}/${name}`, A, 'v1');
    await readInventory(
      expandEdges([manifest]),
      { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 },
      new AbortController().signal,
    );
    expect(registry.calls.map(({ repository }) => repository)).toEqual([
      'eu.example/p/a',
      'us.example/p/a',
      'eu.example/p/b',
      'us.example/p/b',
      'eu.example/q/a',
      'eu.example/q/b',
    ]);
  });

  it('knows nothing of any destination once its signal aborts', async () => {
    const registry = new MemoryRegistry();
    const stopping = new AbortController();
    registry.atCall(() => stopping.abort(new Error('stop')));
    const wanted = expandEdges([toProd.promote({ app: { [a]: ['v1'] } })]);
    const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
    const { destinations, sources } = await readInventory(wanted, ports, stopping.signal);
    expect(Array.from(destinations.values())).toEqual(wanted.repositories.map(() => ({ kind: 'not-read' })));
    expect(sources.size).toBe(0);
  });

  it('does not ask where nothing but a conflict is wanted', async () => {
    const registry = new MemoryRegistry();
    const { destinations } = await read(registry, toProd.promote({ app: { [a]: ['v1'], [b]: ['v1'] } }));
    expect(destinations.size).toBe(0);
    expect(registry.calls).toEqual([]);
  });

  it('writes nothing', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.example/s/app', A, 'v1');
    const before = registry.snapshot();
    await read(registry, toProd.promote({ app: { [a]: ['v1', 'v2', 'v3'], [b]: [] } }));
    expect(registry.snapshot()).toEqual(before);
  });

  it('tells where it is', async () => {
    const registry = new MemoryRegistry();
    const progress = new RecordingProgress();
    const wanted = expandEdges([toProd.promote({ x: { [a]: ['v1'] }, y: { [a]: ['v1'], [b]: [] } })]);
    const ports = { source: registry, destination: registry, progress, workers: 4 };
    await readInventory(wanted, ports, new AbortController().signal);
    expect(progress.stages).toEqual(['inventory 2/2', 'source 3/3']);
  });
});

describe('a run asks', () => {
  const questions = (count: number) => ({ [a]: Array.from({ length: count }, (_, number) => `v${number}`) });

  it.each([
    ['one of few questions by HEAD', { app: questions(7) }, { list: 0, resolve: 7 }],
    ['one of many questions by a listing', { app: questions(8) }, { list: 1, resolve: 0 }],
    ['those of many by a listing and the others by HEAD', few(20, { big: 10 }), { list: 1, resolve: 20 }],
    [
      'also one of few by a listing where much is wanted of its host',
      few(1, { big: 15 }),
      { list: 2, resolve: 0 },
    ],
    ['tagless digests as it asks tags', { app: { ...questions(7), [b]: [] } }, { list: 1, resolve: 0 }],
    [
      'without counting what is in conflict',
      { app: { [a]: TEN, [b]: TEN.slice(1) } },
      { list: 0, resolve: 1 },
    ],
  ])('%s', async (_what, images, expected) => {
    const registry = new MemoryRegistry({ listing: 'google' });
    for (const [name, dmap] of Object.entries(images)) {
      registry.push(`p.example/p/${name}`, A, ...(dmap[a] ?? []));
      registry.push(`p.example/p/${name}`, B, ...(dmap[b] ?? []));
    }
    await read(registry, toProd.promote(images));
    expect({ list: registry.count({ verb: 'list' }), resolve: registry.count({ verb: 'resolve' }) }).toEqual(
      expected,
    );
  });

  /** So many repositories with one question each, and one of many. */
  function few(count: number, { big }: { big: number }) {
    const names = Array.from({ length: count }, (_, number) => [`one-${number}`, questions(1)] as const);
    return Object.fromEntries([...names, ['big', questions(big)] as const]);
  }
});

describe('a host that nobody knows', () => {
  const four = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { [a]: TEN }]));

  it.each([
    ['of tags, is asked for no other', 'tags', 1],
    ['of digests, is asked for the others too', 'google', 4],
  ] as const)(
    'is asked for one listing first, and where that is one %s',
    async (_what, listing, listings) => {
      const registry = new MemoryRegistry({ listing });
      for (const name of Object.keys(four)) registry.push(`p.example/p/${name}`, A, ...TEN);
      await read(registry, toProd.promote(four));
      expect(registry.count({ verb: 'list' })).toBe(listings);
    },
  );

  it('that does not answer the first is not waited for a second time: the others are asked at once', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    for (const name of Object.keys(four)) registry.push(`p.example/p/${name}`, A, ...TEN);
    registry.fail({ verb: 'list' }, { times: 1 });
    const { destinations } = await read(registry, toProd.promote(four));
    expect(Array.from(destinations.values(), ({ kind }) => kind).toSorted()).toEqual([
      'read',
      'read',
      'read',
      'unreadable',
    ]);
  });
});

describe('a digest whose tags are absent', () => {
  const manyRepositories = (count: number) =>
    toProd.promote(
      Object.fromEntries(Array.from({ length: count }, (_, number) => [`app-${number}`, { [a]: ['v1'] }])),
    );

  it.each([
    ['is asked for where there are few of them', 100, 1],
    ['is not asked for where there are many, and the source has it', 101, 0],
  ])('%s', async (_what, count, askedEach) => {
    const registry = new MemoryRegistry();
    const manifest = manyRepositories(count);
    for (const { name } of manifest.images) registry.push(`s.example/s/${name}`, A);
    await read(registry, manifest);
    const destination = repository('p.example/p/app-7');
    expect(registry.count({ repository: destination, what: 'v1' })).toBe(1);
    expect(registry.count({ repository: destination, what: a })).toBe(askedEach);
  });

  it('is asked for wherever it may be before it is called lost, however many there are', async () => {
    const registry = new MemoryRegistry();
    registry.push('p.example/p/app-7', A);
    const { destinations } = await read(registry, manyRepositories(101));
    expect(destinations.get(repository('p.example/p/app-7'))).toMatchObject({ digests: new Set([a]) });
    expect(registry.count({ what: a, repository: repository('p.example/p/app-8') })).toBe(1);
  });
});

describe('what is known of destinations', () => {
  const manifest = from('s.example/s')
    .to('us.example/p', 'eu.example/p')
    .promote({ app: { [a]: TEN, [b]: [] } });

  it('is one and the same for all that hold everything of a list', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    for (const host of ['us.example', 'eu.example']) {
      registry.push(`${host}/p/app`, A, ...TEN);
      registry.push(`${host}/p/app`, B);
    }
    const { destinations } = await read(registry, manifest);
    const [us, eu] = Array.from(destinations.values());
    expect(us).toBeDefined();
    expect(us).toBe(eu);
  });

  it('has nothing that is not wanted', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    const other = image({ seed: 'other' });
    registry.push('us.example/p/app', A, 'v1', 'unwanted');
    registry.push('us.example/p/app', other, 'v2');
    const { destinations } = await read(registry, manifest);
    expect(destinations.get(repository('us.example/p/app'))).toEqual({
      kind: 'read',
      by: 'listing',
      exists: true,
      complete: true,
      tags: new Map([
        ['v1', a],
        ['v2', other.manifest.digest],
      ]),
      digests: new Set([a]),
    });
  });

  it('tells how each was asked, host by host', async () => {
    const registry = new MemoryRegistry({ listing: (host) => (host === 'us.example' ? 'google' : 'tags') });
    registry.fail({ repository: repository('eu.example/p/bad') });
    for (const host of ['us.example', 'eu.example']) registry.push(`${host}/p/app`, A, ...TEN);
    const inventory = await read(
      registry,
      from('s.example/s')
        .to('us.example/p', 'eu.example/p')
        .promote({ app: { [a]: TEN }, bad: { [a]: TEN } }),
    );
    expect(Object.fromEntries(countQueries(inventory))).toEqual({
      'eu.example': { byListing: 0, byHead: 1 },
      'us.example': { byListing: 2, byHead: 0 },
    });
  });
});
