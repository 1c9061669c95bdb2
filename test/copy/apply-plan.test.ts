// Covers src/copy/content-copier.ts
// Covers src/copy/copy-parts.ts
// Covers src/copy/outcome.ts

import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import type { Content } from '../builders/content.ts';
import {
  buildCache,
  foreignLayerImage,
  helmChart,
  image,
  index,
  layer,
  multiArch,
  nestedIndex,
  nondistributableImage,
} from '../builders/images.ts';
import { type Dmap, digest, from, inFile, repository } from '../builders/manifests.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { MemoryRegistry, type MemoryRegistryOptions } from '../doubles/memory-registry.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { apply, plan, promote } from './promoting.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const a = A.manifest.digest;
const b = B.manifest.digest;
const APP = 'p.io/p/app';

function registryWith(
  contents: Readonly<Record<string, readonly Content[]>>,
  options?: MemoryRegistryOptions,
): MemoryRegistry {
  const registry = new MemoryRegistry(options);
  for (const [name, all] of Object.entries(contents)) for (const content of all) registry.push(name, content);
  return registry;
}

function app(dmap: Dmap, ...destinations: readonly string[]) {
  return from('s.io/s')
    .to(...(destinations.length === 0 ? ['p.io/p'] : destinations))
    .promote({ app: dmap });
}

/** An index whose entries do not say that they are manifests. */
function unknownEntries(children: readonly Content[]): Content {
  const { manifest } = index({ children });
  const text = manifest.bytes.toString().replaceAll(OCI_MANIFEST, 'application/vnd.example.image.v1+json');
  const bytes = Buffer.from(text);
  return { manifest: { ...manifest, digest: digestOf(bytes), bytes }, blobs: [], children };
}

function puts(registry: MemoryRegistry): readonly string[] {
  return registry.log({ verb: 'put' }).map((line) => line.slice('put '.length));
}

describe('an image', () => {
  it.each<[string, Content]>([
    ['an image', A],
    ['a Docker image', image({ seed: 'docker', format: 'docker' })],
    ['an image without layers', image({ seed: 'bare', layers: 0 })],
    ['an image that has a layer twice', image({ seed: 'twice', layers: [layer('x'), layer('x')] })],
    ['an index', multiArch('multi')],
    ['a Docker list', multiArch('list', { format: 'docker' })],
    ['an index within an index', nestedIndex('nested')],
    ['an index of nothing', index({ children: [] })],
    ['an index that names a child twice', index({ children: [A, A] })],
    ['an image with a foreign layer', foreignLayerImage('windows')],
    ['an image with a nondistributable layer without urls', nondistributableImage('oci')],
    ['a Docker image with a foreign layer without urls', nondistributableImage('docker', 'docker')],
    ['a build cache', buildCache('cache')],
    ['a build cache within an index', index({ children: [buildCache('inner'), A] })],
    ['an index of blobs of unknown types', buildCache('unknown', ['', 'application/vnd.example.v1+json'])],
    ['an index of manifests of an unknown type', unknownEntries([A, B])],
    ['a helm chart', helmChart('chart')],
  ])('is copied whole: %s', async (_what, content) => {
    const registry = registryWith({ 's.io/s/app': [content] });
    const { digest } = content.manifest;
    expect(await promote(registry, app({ [digest]: ['v1'] }))).toEqual([`${APP}:v1 copied`]);
    expect(registry.tagsOf(APP)).toEqual({ v1: digest });
    expect(registry.isWhole(APP, digest)).toBe(true);
    expect(registry.openUploads).toBe(0);
  });

  it.each([
    ['of a known type', OCI_LAYER_GZIP, /404/],
    ['of an unknown type', 'application/vnd.example.v1+json', /manifest sha256:\w+ is not in s\.io\/s\/app/],
  ])('that lists a blob %s which is nowhere is not written', async (_what, type, reason) => {
    const cache = buildCache('lost', [type]);
    const registry = registryWith({ 's.io/s/app': [cache] });
    const planned = await plan(registry, app({ [cache.manifest.digest]: ['v1'] }));
    registry.lose('s.io/s/app', cache.blobs[0]?.digest ?? a);
    expect(await apply(planned)).toEqual([expect.stringMatching(reason)]);
    expect(puts(registry)).toEqual([]);
  });

  it('comes with its blobs first, children before the index, the tag last of all', async () => {
    const inner = index({ children: [A] });
    const outer = index({ children: [inner, B] });
    const registry = registryWith({ 's.io/s/app': [outer] });
    const planned = await plan(registry, app({ [outer.manifest.digest]: ['v1', 'v2'] }));
    await apply(planned);
    const order = registry.calls
      .filter(({ verb }) => verb === 'put' || verb === 'finish')
      .map(({ what }) => what);
    const at = (what: string) => order.indexOf(what);
    for (const { digest } of A.blobs) expect(at(digest)).toBeLessThan(at(a));
    for (const { digest } of B.blobs) expect(at(digest)).toBeLessThan(at(b));
    expect(at(a)).toBeLessThan(at(inner.manifest.digest));
    expect(order.slice(-2).toSorted()).toEqual(['v1', 'v2']);
    expect(puts(registry)).toHaveLength(5);
  });

  it('leaves the foreign layers where they are', async () => {
    const windows = foreignLayerImage('windows');
    const registry = registryWith({ 's.io/s/app': [windows] });
    await promote(registry, app({ [windows.manifest.digest]: ['v1'] }));
    expect(registry.log({ verb: 'finish' }).map((line) => line.split(' ')[2])).toEqual(
      expect.arrayContaining(windows.blobs.map(({ digest }) => digest)),
    );
    expect(registry.count({ verb: 'finish' })).toBe(windows.blobs.length);
  });

  it.each([
    [8, ['p.io/p/app:v1 copied']],
    [9, [expect.stringMatching(/^p\.io\/p\/app:v1 failed: manifest \S+ is the 8th index within an index$/)]],
  ])('in %i indexes is %j', async (depth, expected) => {
    let content: Content = A;
    for (let count = 0; count < depth; count++) content = index({ children: [content] });
    const registry = registryWith({ 's.io/s/app': [content] });
    expect(await promote(registry, app({ [content.manifest.digest]: ['v1'] }))).toEqual(expected);
    expect(Object.keys(registry.tagsOf(APP))).toHaveLength(depth === 8 ? 1 : 0);
  });

  it('under several tags is copied once and put once for each', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    await promote(registry, app({ [a]: ['v1', 'v2', 'v3'] }));
    expect(registry.tagsOf(APP)).toEqual({ v1: a, v2: a, v3: a });
    expect(registry.count({ verb: 'finish' })).toBe(A.blobs.length);
    expect(puts(registry).toSorted()).toEqual([`${APP} v1`, `${APP} v2`, `${APP} v3`]);
  });

  it('without a tag is put under its digest', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    expect(await promote(registry, app({ [a]: [] }))).toEqual([`${APP}@${a} copied`]);
    expect(puts(registry)).toEqual([`${APP} ${a}`]);
    expect(registry.tagsOf(APP)).toEqual({});
  });

  it('with and without a tag is put once', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const both = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [a]: [] } }, { app: { [a]: ['v1'] } });
    expect(await promote(registry, both)).toEqual([`${APP}:v1 copied`, `${APP}@${a} copied`]);
    expect(puts(registry)).toEqual([`${APP} v1`]);
  });

  it('is put under its digest too where its only tag could not be written', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    registry.fail({ verb: 'put', what: 'v1' });
    const both = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [a]: [] } }, { app: { [a]: ['v1'] } });
    expect(await promote(registry, both)).toEqual([
      `${APP}:v1 failed: GET https://test: 503`,
      `${APP}@${a} copied`,
    ]);
    expect(registry.digestsOf(APP)).toEqual(new Set([a]));
  });

  it('that is there gets its tag by one small write, even when the source has lost it', async () => {
    const registry = registryWith({ [APP]: [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    expect(planned.plan.items.map(({ decision }) => decision)).toEqual(['add-tag']);
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(registry.calls.map(({ verb }) => verb)).toEqual(['fetch', 'resolve', 'put']);
  });

  it('for many destinations is read once at the source', async () => {
    const multi = multiArch('multi');
    const hosts = ['a.io/p', 'b.io/p', 'c.io/p', 'c.io/q', 'd.io/p/deep'];
    const registry = registryWith({ 's.io/s/app': [multi] });
    const fetched: string[] = [];
    registry.atCall(({ verb, what }) => void (verb === 'fetch' && fetched.push(what)));
    const outcomes = await promote(registry, app({ [multi.manifest.digest]: ['v1', 'v2'] }, ...hosts));
    expect(outcomes).toHaveLength(10);
    expect(fetched).toHaveLength(4);
    expect(new Set(fetched).size).toBe(4);
  });

  it('is not read twice where several sources have it', async () => {
    const registry = registryWith({ 's.io/1/app': [A], 's.io/2/app': [A] });
    registry.lose('s.io/1/app', A.blobs[1]?.digest ?? digest('0'));
    const manifests = ['1', '2'].map((name) =>
      inFile(name)
        .from(`s.io/${name}`)
        .to('p.io/p')
        .promote({ app: { [a]: ['v1'] } }),
    );
    expect(await promote(registry, ...manifests)).toEqual([`${APP}:v1 copied`]);
  });
});

describe('what images share', () => {
  it('moves once to a host and is mounted into its other repositories', async () => {
    const base = layer('base');
    const x = image({ seed: 'x', layers: [base, layer('x')] });
    const y = image({ seed: 'y', layers: [base, layer('y')] });
    const registry = registryWith({ 's.io/s/x': [x], 's.io/s/y': [y] });
    await promote(
      registry,
      from('s.io/s')
        .to('p.io/p', 'q.io/p')
        .promote({ x: { [x.manifest.digest]: ['v1'] }, y: { [y.manifest.digest]: ['v1'] } }),
    );
    expect(registry.count({ verb: 'finish', what: base.digest })).toBe(2);
    expect(registry.count({ verb: 'mount', what: base.digest })).toBe(2);
  });

  it('is mounted straight from a source on the same host', async () => {
    const registry = registryWith({ 'p.io/staging/app': [A] });
    await promote(
      registry,
      from('p.io/staging')
        .to('p.io/p')
        .promote({ app: { [a]: ['v1'] } }),
    );
    expect(registry.count({ verb: 'mount' })).toBe(A.blobs.length);
    expect(registry.count({ verb: 'open-blob' })).toBe(0);
  });

  it('may be an index and its child that is wanted by itself', async () => {
    const both = index({ children: [A] });
    const registry = registryWith({ 's.io/s/app': [both] });
    const dmap = { [both.manifest.digest]: ['v1'], [a]: ['v1-amd64'] };
    expect(await promote(registry, app(dmap))).toHaveLength(2);
    expect(registry.tagsOf(APP)).toEqual({ v1: both.manifest.digest, 'v1-amd64': a });
    expect(registry.count({ verb: 'finish' })).toBe(A.blobs.length);
  });
});

describe('a tag', () => {
  it('is looked at right before it is written', async () => {
    const registry = registryWith({ 's.io/s/app': [A], [APP]: [B] });
    await promote(registry, app({ [a]: ['v1'] }));
    expect(registry.log({ what: 'v1' }).slice(-2)).toEqual([`resolve ${APP} v1`, `put ${APP} v1`]);
    const lastBlob = registry.calls.findLastIndex(({ verb }) => verb === 'finish');
    expect(registry.calls.findIndex(({ verb, what }) => verb === 'resolve' && what === 'v1')).toBeGreaterThan(
      lastBlob,
    );
  });

  it.each([
    ['known', [B]],
    ['new', []],
  ])('that has appeared meanwhile in a %s repository is never moved', async (_what, before) => {
    const registry = registryWith({ 's.io/s/app': [A], [APP]: before });
    const planned = await plan(registry, app({ [a]: ['v1', 'v2'] }));
    registry.push(APP, B, 'v1');
    expect(await apply(planned)).toEqual([
      `${APP}:v1 failed: ${APP}:v1 points to ${b}, not ${a}: tag moves are not supported`,
      `${APP}:v2 copied`,
    ]);
    expect(registry.tagsOf(APP)).toEqual({ v1: b, v2: a });
  });

  it('that appears while another one of its image is written is never moved', async () => {
    const registry = registryWith({ 's.io/s/app': [A], [APP]: [B] });
    const planned = await plan(registry, app({ [a]: ['v1', 'v2'] }));
    registry.atCall(({ verb, what }) => {
      if (verb === 'put' && what === 'v1') registry.push(APP, B, 'v2');
    });
    expect(await apply(planned)).toEqual([
      `${APP}:v1 copied`,
      expect.stringMatching(/:v2 failed: .*tag moves are not supported$/),
    ]);
    expect(registry.tagsOf(APP)).toEqual({ v1: a, v2: b });
    expect(registry.count({ verb: 'resolve' })).toBe(2);
  });

  it.each(['tags', 'google', 'refused'] as const)(
    'of a new repository is asked for by itself, and no list at all: %s',
    async (listing) => {
      const registry = registryWith({ 's.io/s/app': [A] }, { listing });
      const planned = await plan(registry, app({ [a]: ['v1', 'v2', 'v3'] }));
      registry.push(APP, B, 'v2', 'other');
      expect(await apply(planned)).toEqual([
        `${APP}:v1 copied`,
        expect.stringMatching(/:v2 failed: .*tag moves are not supported$/),
        `${APP}:v3 copied`,
      ]);
      expect(registry.tagsOf(APP)).toEqual({ v1: a, v2: b, v3: a, other: b });
      expect([registry.count({ verb: 'list' }), registry.count({ verb: 'resolve' })]).toEqual([0, 3]);
    },
  );

  it('is not written where reading it ends in a defect of ours, which is told', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1', 'v2', 'v3'] }));
    registry.fail({ verb: 'resolve' }, { error: new TypeError('undefined is not a digest') });
    expect(await apply(planned)).toEqual(
      ['v1', 'v2', 'v3'].map((tag) => `${APP}:${tag} failed: undefined is not a digest`),
    );
    expect(registry.tagsOf(APP)).toEqual({});
  });

  it('that somebody else has written as it is wanted is copied, and not written', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.push(APP, A, 'v1');
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(puts(registry)).toEqual([]);
  });

  it('that cannot be looked at is not written, and stops no other', async () => {
    const registry = registryWith({ 's.io/s/app': [A, B] });
    registry.push(APP, helmChart('old'), 'old');
    const planned = await plan(registry, app({ [a]: ['v1', 'v2'], [b]: ['v3'] }));
    registry.fail({ verb: 'resolve', what: 'v1' });
    expect(await apply(planned)).toEqual([
      `${APP}:v1 failed: GET https://test: 503`,
      `${APP}:v2 copied`,
      `${APP}:v3 copied`,
    ]);
    expect(registry.tagsOf(APP)).toMatchObject({ v2: a, v3: b });
    expect(registry.tagsOf(APP)).not.toHaveProperty('v1');
  });
});

describe('a manifest that is refused for missing content', () => {
  it('is put again after that has been copied again', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    loseAtFirstPut(registry, A.blobs[1]?.digest);
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(registry.isWhole(APP, a)).toBe(true);
    expect(puts(registry)).toEqual([`${APP} v1`, `${APP} v1`]);
  });

  it('may be an index that misses a child', async () => {
    const multi = multiArch('multi');
    const registry = registryWith({ 's.io/s/app': [multi] });
    const planned = await plan(registry, app({ [multi.manifest.digest]: ['v1'] }));
    loseAtFirstPut(registry, multi.children[0]?.manifest.digest, 'v1');
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(registry.isWhole(APP, multi.manifest.digest)).toBe(true);
  });

  it('may have foreign layers, which nobody can copy', async () => {
    const windows = foreignLayerImage('windows');
    const registry = registryWith({ 's.io/s/app': [windows] });
    const planned = await plan(registry, app({ [windows.manifest.digest]: ['v1'] }));
    loseAtFirstPut(registry, windows.blobs[1]?.digest);
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
  });

  it('may have a nondistributable layer without urls, which is copied again', async () => {
    const windows = nondistributableImage('windows');
    const registry = registryWith({ 's.io/s/app': [windows] });
    const planned = await plan(registry, app({ [windows.manifest.digest]: ['v1'] }));
    loseAtFirstPut(registry, windows.blobs[1]?.digest);
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(registry.isWhole(APP, windows.manifest.digest)).toBe(true);
  });

  it.each([
    ['of a known type', buildCache('known')],
    ['of an unknown type', buildCache('unknown', ['application/vnd.example.v1+json'])],
  ])('may be an index that misses a blob %s', async (_what, cache) => {
    const registry = registryWith({ 's.io/s/app': [cache] });
    const planned = await plan(registry, app({ [cache.manifest.digest]: ['v1'] }));
    loseAtFirstPut(registry, cache.blobs[0]?.digest);
    expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
    expect(registry.isWhole(APP, cache.manifest.digest)).toBe(true);
  });

  it('is told in words where the registry takes an index of manifests only', async () => {
    const cache = buildCache('refused');
    const registry = registryWith({ 's.io/s/app': [cache] });
    const planned = await plan(registry, app({ [cache.manifest.digest]: ['v1'] }));
    registry.fail({ verb: 'put' }, { error: MISSING });
    expect(await apply(planned)).toEqual([
      expect.stringMatching(/failed: PUT: MANIFEST_BLOB_UNKNOWN: the index lists blobs.*image-manifest=true/),
    ]);
    expect(registry.tagsOf(APP)).toEqual({});
  });

  it('is not what any other refusal is: that is final', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.fail({ verb: 'put' }, { times: 1 });
    expect(await apply(planned)).toEqual([`${APP}:v1 failed: GET https://test: 503`]);
    expect(puts(registry)).toHaveLength(1);
  });

  it('is put until the registry knows of what it has been given', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.fail({ verb: 'put' }, { error: MISSING, times: 5 });
    const clock = new FakeClock();
    expect(await apply(planned, { clock })).toEqual([`${APP}:v1 copied`]);
    expect(clock.waits).toEqual([750, 1500, 3000, 3000]);
    expect(registry.count({ verb: 'finish' })).toBe(A.blobs.length);
  });

  it('fails where it never does', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.fail({ verb: 'put' }, { error: MISSING });
    expect(await apply(planned)).toEqual([`${APP}:v1 failed: PUT: MANIFEST_BLOB_UNKNOWN`]);
    expect(puts(registry)).toHaveLength(6);
  });

  it('tells that where the run ends in between', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.fail({ verb: 'put' }, { error: MISSING });
    expect(await apply(planned, endingSleep())).toEqual([
      `${APP}:v1 failed: abandoned: the run was stopped; the last attempt had failed: PUT: MANIFEST_BLOB_UNKNOWN`,
    ]);
  });

  const MISSING = new RegistryError('unknown-blob', 'PUT: MANIFEST_BLOB_UNKNOWN');

  /** A run that ends as soon as somebody sleeps. */
  function endingSleep() {
    const ending = new AbortController();
    const clock = new FakeClock();
    clock.sleep = (_milliseconds, signal) => {
      ending.abort();
      return Promise.reject(signal.reason);
    };
    return { clock, signal: ending.signal };
  }

  function loseAtFirstPut(registry: MemoryRegistry, lost = digest('0'), reference?: string) {
    let done = false;
    registry.atCall(({ verb, what }) => {
      if (done || verb !== 'put' || (reference !== undefined && what !== reference)) return;
      done = true;
      registry.lose(APP, lost);
    });
  }
});

it('a host that answers late holds up no other, however much there is for it', async () => {
  const names = Array.from({ length: 40 }, (_, number) => `app-${number}`);
  const registry = registryWith(Object.fromEntries(names.map((name) => [`s.io/s/${name}`, [A]])));
  const images = Object.fromEntries(names.map((name) => [name, { [a]: ['v1'] }]));
  const planned = await plan(registry, from('s.io/s').to('a.io/p', 'b.io/p').promote(images));
  let answer = () => {};
  const late = new Promise<void>((resolve) => (answer = resolve));
  let left = names.length;
  registry.atCall(async ({ verb, repository }) => {
    if (repository.startsWith('a.io/')) await late;
    if (verb === 'put' && repository.startsWith('b.io/') && --left === 0) answer();
  });
  expect(await apply(planned)).toHaveLength(80);
});

describe('one bad image', () => {
  const good = { good: { [b]: ['v1'] } };

  it.each<[string, (registry: MemoryRegistry) => void, RegExp]>([
    [
      'whose bytes do not match',
      (registry) => registry.damageBlob('s.io/s/bad', A.blobs[1]!.digest),
      /are not sha256/,
    ],
    ['whose blob is gone', (registry) => registry.lose('s.io/s/bad', A.blobs[0]!.digest), /404/],
    [
      'whose manifest is refused',
      (registry) => registry.fail({ verb: 'put', repository: repository('p.io/p/bad') }),
      /503/,
    ],
    [
      'whose repository does not answer',
      (registry) => registry.fail({ repository: repository('p.io/p/bad') }),
      /503/,
    ],
  ])('%s is not tagged and stops no other', async (_what, spoil, reason) => {
    const registry = registryWith({ 's.io/s/bad': [A], 's.io/s/good': [B] });
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ bad: { [a]: ['v1', 'v2'] } }, good);
    const planned = await plan(registry, manifest);
    spoil(registry);
    const outcomes = await apply(planned);
    expect(outcomes).toEqual([
      expect.stringMatching(/^p\.io\/p\/bad:v1 failed: /),
      expect.stringMatching(/^p\.io\/p\/bad:v2 failed: /),
      'p.io/p/good:v1 copied',
    ]);
    expect(outcomes[0]).toMatch(reason);
    expect(registry.tagsOf('p.io/p/bad')).toEqual({});
  });

  it('in the same repository stops no other', async () => {
    const registry = registryWith({ 's.io/s/app': [A, B] });
    const planned = await plan(registry, app({ [a]: ['v1'], [b]: ['v2'] }));
    registry.damageBlob('s.io/s/app', A.blobs[0]?.digest ?? digest('0'));
    await apply(planned);
    expect(registry.tagsOf(APP)).toEqual({ v2: b });
    expect(registry.digestsOf(APP).has(a)).toBe(false);
  });

  it('is one that an index leads to: nothing above it is written', async () => {
    const multi = multiArch('multi');
    const child = multi.children[1];
    const registry = registryWith({ 's.io/s/app': [multi] });
    const planned = await plan(registry, app({ [multi.manifest.digest]: ['v1'] }));
    registry.lose('s.io/s/app', child?.manifest.digest ?? digest('0'));
    expect(await apply(planned)).toEqual([
      `${APP}:v1 failed: manifest ${child?.manifest.digest} is not in s.io/s/app`,
    ]);
    expect(registry.digestsOf(APP).has(multi.manifest.digest)).toBe(false);
  });

  it('is retried after waits that the clock is asked for, not the wall', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    registry.fail({ verb: 'finish', what: A.blobs[0]!.digest }, { times: 2 });
    const clock = new FakeClock({ chance: 0.1 });
    expect(await apply(planned, { clock })).toEqual([`${APP}:v1 copied`]);
    expect(clock.waits).toEqual([550, 1100]);
  });
});

/** Stops a run while it waits for the so-manieth time. */
class StoppingClock extends FakeClock {
  readonly #at: number;
  readonly #stop: () => void;

  constructor(at: number, stop: () => void) {
    super();
    this.#at = at;
    this.#stop = stop;
  }

  override async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await super.sleep(milliseconds, signal);
    if (this.waits.length === this.#at) this.#stop();
    signal.throwIfAborted();
  }
}

describe('a run that is stopped', () => {
  const names = Array.from({ length: 50 }, (_, number) => `app${number}`);
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote(Object.fromEntries(names.map((name) => [name, { [a]: ['v1'] }])));
  const contents = Object.fromEntries(names.map((name) => [`s.io/s/${name}`, [A]]));

  it('finishes what is in flight, begins nothing new, and gives that no outcome', async () => {
    const registry = registryWith(contents);
    const planned = await plan(registry, manifest);
    const stopping = new AbortController();
    registry.atCall(({ verb }) => verb === 'finish' && stopping.abort());
    const outcomes = await apply(planned, { stopping: stopping.signal });
    const begun = new Set(registry.calls.map(({ repository }) => repository)).size - 1;
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.length).toBeLessThan(50);
    expect(outcomes.every((line) => line.endsWith(':v1 copied'))).toBe(true);
    expect(begun).toBe(outcomes.length);
    expect(registry.openUploads).toBe(0);
  });

  it('begins no further image of a repository either', async () => {
    const images = Array.from({ length: 12 }, (_, number) => image({ seed: `one of many ${number}` }));
    const registry = registryWith({ 's.io/s/app': images });
    const dmap = Object.fromEntries(images.map(({ manifest }, number) => [manifest.digest, [`v${number}`]]));
    const planned = await plan(registry, from('s.io/s').to('p.io/p').promote({ app: dmap }));
    const stopping = new AbortController();
    registry.atCall(({ verb }) => verb === 'finish' && stopping.abort());
    const outcomes = await apply(planned, { stopping: stopping.signal, threads: 1 });
    expect(outcomes.filter((line) => line.endsWith(' copied')).length).toBeLessThan(12);
    expect(registry.count({ verb: 'finish' })).toBe(1);
  });

  it('says of what it had begun that it is not finished, and leaves nothing of it to be seen', async () => {
    const large = image({ seed: 'large', layers: [layer('one'), layer('two'), layer('three')] });
    const registry = registryWith({ 's.io/s/app': [large] });
    const planned = await plan(registry, app({ [large.manifest.digest]: ['v1', 'v2'] }));
    const stopping = new AbortController();
    registry.atCall(({ verb }) => verb === 'finish' && stopping.abort());
    const unfinished =
      'not-attempted: the run was stopped before its manifest was written: what was copied of it is not visible, the next run goes on from there';
    expect(await apply(planned, { stopping: stopping.signal, threads: 1 })).toEqual([
      `${APP}:v1 ${unfinished}`,
      `${APP}:v2 ${unfinished}`,
    ]);
    expect(registry.count({ verb: 'finish' })).toBe(1);
    expect(registry.tagsOf(APP)).toEqual({});
  });

  it('tells what went wrong meanwhile by its own reason', async () => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    const stopping = new AbortController();
    const refusal = new RegistryError('refused', 'not allowed', { status: 403 });
    registry.fail({ verb: 'finish', what: A.blobs[0]!.digest }, { error: refusal });
    registry.atCall(({ verb }) => verb === 'finish' && stopping.abort());
    expect(await apply(planned, { stopping: stopping.signal })).toEqual([`${APP}:v1 failed: not allowed`]);
  });

  it.each<[string, (parts: { soft: AbortController; hard: AbortController }) => void]>([
    ['begins no other', ({ soft }) => soft.abort()],
    [
      'ends the wait for the next one',
      ({ soft, hard }) => {
        soft.abort();
        hard.abort();
      },
    ],
  ])('tells what the last attempt had failed with where it %s', async (_what, stop) => {
    const registry = registryWith({ 's.io/s/app': [A] });
    const planned = await plan(registry, app({ [a]: ['v1'] }));
    const parts = { soft: new AbortController(), hard: new AbortController() };
    const what = A.blobs[0]!.digest;
    for (const message of ['PUT: 503', 'PUT: 500']) {
      const error = new RegistryError('unavailable', message, { temporary: true });
      registry.fail({ verb: 'finish', what }, { error, times: 1 });
    }
    const clock = new StoppingClock(2, () => stop(parts));
    const stopped = await apply(planned, { stopping: parts.soft.signal, signal: parts.hard.signal, clock });
    expect(stopped).toEqual([
      expect.stringMatching(
        /^p\.io\/p\/app:v1 not-attempted: the run was stopped before .*; the last attempt had failed: PUT: 500$/,
      ),
    ]);
    expect(registry.tagsOf(APP)).toEqual({});
  });

  it('the hard way tells of a tag why it could not be looked at', async () => {
    const registry = registryWith({ 's.io/s/app': [A], [APP]: [B] });
    const planned = await plan(registry, app({ [a]: ['v1', 'v2'] }));
    const killed = new AbortController();
    const error = new RegistryError('refused', 'HEAD: 403', { status: 403 });
    registry.fail({ verb: 'resolve', what: 'v1' }, { error });
    registry.atCall(({ verb, what }) => verb === 'resolve' && what === 'v2' && killed.abort());
    expect(await apply(planned, { signal: killed.signal })).toEqual([
      `${APP}:v1 failed: HEAD: 403`,
      `${APP}:v2 failed: abandoned: the run was stopped`,
    ]);
  });

  it('before it has begun does nothing', async () => {
    const registry = registryWith(contents);
    const planned = await plan(registry, manifest);
    expect(await apply(planned, { stopping: AbortSignal.abort() })).toEqual([]);
    expect(registry.calls).toEqual([]);
  });

  it('the hard way abandons what is in flight and attempts nothing else', async () => {
    const registry = registryWith(contents);
    const planned = await plan(registry, manifest);
    const killed = new AbortController();
    registry.atCall(({ verb }) => verb === 'finish' && killed.abort(new Error('killed')));
    const outcomes = await apply(planned, { signal: killed.signal });
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.length).toBeLessThan(50);
    expect(outcomes.every((line) => line.endsWith('failed: abandoned: the run was stopped'))).toBe(true);
    expect(puts(registry)).toEqual([]);
  });

  it('keeps nothing of what a host has not come for', async () => {
    const names = Array.from({ length: 40 }, (_, number) => `app${10 + number}`);
    const images = names.map((name, number) =>
      image({ seed: name, layers: [layer(name, number === 39 ? 600 * 1024 : 1)] }),
    );
    const registry = registryWith(
      Object.fromEntries(names.map((name, number) => [`s.io/s/${name}`, images.slice(number, number + 1)])),
    );
    const dmaps = names.map((name, number) => [name, { [images[number]!.manifest.digest]: ['v1'] }]);
    const both = from('s.io/s').to('late.io/p', 'p.io/p').promote(Object.fromEntries(dmaps));
    const planned = await plan(registry, both);
    const stopping = new AbortController();
    const stopped = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
    const spool = new MemorySpool();
    let kept = 0;
    registry.atCall(async ({ verb, repository: name }) => {
      if (name.startsWith('late.io/')) await stopped;
      if (verb !== 'put' || name !== 'p.io/p/app49') return;
      kept = spool.kept;
      stopping.abort();
    });
    await apply(planned, { spool, stopping: stopping.signal });
    expect({ before: kept, after: spool.kept }).toEqual({ before: 1, after: 0 });
  });

  it('is finished by the next one', async () => {
    const registry = registryWith(contents);
    const stopping = new AbortController();
    const planned = await plan(registry, manifest);
    registry.atCall(({ verb }) => verb === 'put' && stopping.abort());
    await apply(planned, { stopping: stopping.signal });
    await promote(registry, manifest);
    for (const name of names) expect(registry.tagsOf(`p.io/p/${name}`)).toEqual({ v1: a });
  });
});

it('copying tells where it is', async () => {
  const registry = registryWith({ 's.io/s/app': [A, B] });
  const progress = new RecordingProgress();
  const planned = await plan(registry, app({ [a]: ['v1', 'v2'], [b]: ['v3'] }));
  await apply(planned, { progress });
  expect(progress.stages).toEqual(['copy 2/2']);
});

it('a defect of ours ends the copying, and is told', async () => {
  const registry = registryWith({ 's.io/s/app': [A] });
  const planned = await plan(registry, app({ [a]: ['v1'] }));
  const progress = new RecordingProgress();
  progress.advance = () => {
    throw new TypeError('undefined is not a step');
  };
  await expect(apply(planned, { progress })).rejects.toThrow('undefined is not a step');
});

it('a plan that wants nothing written writes nothing', async () => {
  const registry = new MemoryRegistry();
  registry.push(APP, A, 'v1');
  const planned = await plan(registry, app({ [b]: ['v1', 'v2'] }));
  expect(planned.plan.items.map(({ decision }) => decision)).toEqual(['tag-move', 'lost']);
  expect(await apply(planned)).toEqual([]);
  expect(registry.calls).toEqual([]);
});
