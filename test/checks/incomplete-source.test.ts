// Covers src/checks/images-to-copy.ts
// Covers src/checks/source-walk.ts

import { describe, expect, it } from 'vitest';
import { blockEdges } from '../../src/checks/block-edges.ts';
import { FEW, type ProofScope } from '../../src/checks/images-to-copy.ts';
import { incompleteSource } from '../../src/checks/incomplete-source.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { edgeId } from '../../src/plan/plan.ts';
import type { ReadRegistry } from '../../src/ports/registry.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import {
  artifact,
  blobsOf,
  buildCache,
  type Content,
  foreignLayerImage,
  image,
  index,
  layer,
  manifestsOf,
  multiArch,
  nestedIndex,
  nondistributableImage,
} from '../builders/images.ts';
import { digest, from, repository } from '../builders/manifests.ts';
import { plan } from '../copy/promoting.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { check, checkPlanned } from './checking.ts';

/** A rule of one run: it keeps what it has read. */
const proveFew = () => [incompleteSource('few')];
const SOURCE = 's.io/s/app';
const toBoth = from('s.io/s').to('p.io/p', 'q.io/q');

function wanting(...contents: readonly Content[]) {
  const tags = contents.map(({ manifest }, number) => [manifest.digest, [`v${number}`]] as const);
  return toBoth.promote({ app: Object.fromEntries(tags) });
}

/** A source with everything but what is lost; the findings of a dry run. */
async function findingsWithout(lost: Digest | undefined, ...contents: readonly Content[]) {
  const registry = new MemoryRegistry();
  for (const content of contents) registry.push(SOURCE, content);
  if (lost !== undefined) registry.lose(SOURCE, lost);
  const { findings } = await check([incompleteSource('few')], registry, wanting(...contents));
  return findings;
}

describe('incomplete-source', () => {
  const INDEX = multiArch('index', { platforms: 3 });
  const IMAGE = image({ seed: 'image' });
  const NESTED = nestedIndex('nested');
  const CACHE = buildCache('cache');
  const WINDOWS = nondistributableImage('windows');

  it.each([
    ['an image', IMAGE],
    ['an index', INDEX],
    ['a nested index', NESTED],
    ['an artifact', artifact('artifact')],
    ['an image with a foreign layer', foreignLayerImage('windows')],
    ['an index of nothing', index({ children: [] })],
    ['a build cache', CACHE],
    ['an image with a nondistributable layer', WINDOWS],
  ])('has nothing to say about %s that is whole', async (_what, content) => {
    expect(await findingsWithout(undefined, content)).toEqual([]);
  });

  it.each([
    ['the config', IMAGE, blobsOf(IMAGE)[0]],
    ['a layer', IMAGE, blobsOf(IMAGE)[2]],
    ['a layer of a child', INDEX, blobsOf(INDEX).at(-1)],
    ['the config of a child of a child', NESTED, blobsOf(NESTED)[0]],
    ['a layer of a build cache', CACHE, blobsOf(CACHE)[0]],
    ['the config of a build cache', CACHE, blobsOf(CACHE)[2]],
    ['a nondistributable layer without urls', WINDOWS, blobsOf(WINDOWS)[1]],
  ])('finds that %s is missing', async (_what, content, blob) => {
    const lost = blob?.digest ?? digest('0');
    const findings = await findingsWithout(lost, content);
    expect(findings).toMatchObject([
      {
        rule: 'incomplete-source',
        level: 'error',
        message: `${SOURCE}@${content.manifest.digest} is incomplete: blob ${lost} of ${blob?.bytes.length} bytes is not in ${SOURCE}`,
        advice: expect.stringMatching(/push the image to its source again/),
        at: { file: 'm.yaml', line: 5, column: 80 },
      },
    ]);
    expect(findings[0]?.edges ?? []).toEqual(['p.io/p/app:v0', 'q.io/q/app:v0']);
  });

  it.each([
    ['a child', INDEX, INDEX.children[1]],
    ['a child of a child', NESTED, NESTED.children[0]?.children[0]],
  ])('finds that %s is missing', async (_what, content, child) => {
    const lost = child?.manifest.digest ?? digest('0');
    const [finding, ...others] = await findingsWithout(lost, content);
    expect(others).toEqual([]);
    expect(finding?.message).toContain(`is incomplete: manifest ${lost} is not in ${SOURCE}`);
  });

  it('finds that the image itself is gone since it was looked up', async () => {
    const registry = new MemoryRegistry();
    registry.push(SOURCE, IMAGE);
    const planned = await plan(registry, wanting(IMAGE));
    registry.lose(SOURCE, IMAGE.manifest.digest);
    const { findings } = await checkPlanned(proveFew(), { ...planned, source: registry });
    expect(findings[0]?.message).toContain(`manifest ${IMAGE.manifest.digest} is not in ${SOURCE}`);
  });

  it('takes a blob of another size for missing', async () => {
    const registry = new MemoryRegistry();
    registry.push(SOURCE, IMAGE);
    const [config, ...layers] = IMAGE.blobs;
    if (config === undefined) throw new Error('the image has no config');
    const shorter: Content = { ...IMAGE, blobs: [{ ...config, bytes: Buffer.alloc(1) }, ...layers] };
    registry.push(SOURCE, shorter);
    registry.fail(
      { verb: 'open-blob' },
      { error: new RegistryError('mismatch', 'GET https://test: 1 byte') },
    );
    const { findings } = await check(proveFew(), registry, wanting(IMAGE));
    expect(findings[0]?.message).toContain(`blob ${config.digest} of`);
  });

  it('does not report content as missing that only HEAD does not find', async () => {
    const registry = new MemoryRegistry();
    registry.push(SOURCE, IMAGE);
    const planned = await plan(registry, wanting(IMAGE));
    const source: ReadRegistry = {
      resolve: (...asked) => registry.resolve(...asked),
      fetchManifest: (...asked) => registry.fetchManifest(...asked),
      list: (...asked) => registry.list(...asked),
      readList: (...asked) => registry.readList(...asked),
      openBlob: (...asked) => registry.openBlob(...asked),
      checkBlob: (...asked) => registry.checkBlob(...asked),
      hasBlob: async () => false,
    };
    const { findings } = await checkPlanned(proveFew(), { ...planned, source });
    expect(findings).toEqual([]);
    expect(registry.count({ verb: 'open-blob' })).toBe(IMAGE.blobs.length);
  });

  it('blocks the incomplete image and no other, also where both share layers', async () => {
    const base = layer('base');
    const good = image({ seed: 'good', layers: [base] });
    const own = layer('own');
    const bad = image({ seed: 'bad', layers: [base, own] });
    const registry = new MemoryRegistry();
    for (const content of [good, bad]) registry.push(SOURCE, content);
    registry.lose(SOURCE, own.digest);
    const { plan, findings } = await check(proveFew(), registry, wanting(good, bad));
    const decisions = blockEdges(plan, findings).items.map((item) => `${edgeId(item)} ${item.decision}`);
    expect(decisions).toEqual([
      'p.io/p/app:v0 copy',
      'p.io/p/app:v1 blocked',
      'q.io/q/app:v0 copy',
      'q.io/q/app:v1 blocked',
    ]);
  });

  it('blocks every image that has a missing child', async () => {
    const shared = image({ seed: 'shared' });
    const lone = image({ seed: 'lone' });
    const first = index({ children: [shared] });
    const second = index({ children: [shared, lone] });
    const findings = await findingsWithout(shared.manifest.digest, first, second);
    expect(findings.map(({ message }) => message.includes(shared.manifest.digest))).toEqual([true, true]);
  });

  it('reads content from the next source if the first one lacks it', async () => {
    const registry = new MemoryRegistry();
    const twin = from('t.io/t')
      .to('p.io/p')
      .promote({ app: { [IMAGE.manifest.digest]: ['v0'] } });
    for (const name of [SOURCE, 't.io/t/app']) registry.push(name, IMAGE);
    registry.lose(SOURCE, blobsOf(IMAGE)[0]?.digest ?? digest('0'));
    const { findings } = await check(proveFew(), registry, wanting(IMAGE), twin);
    expect(findings.flatMap(({ edges }) => edges)).toEqual(['q.io/q/app:v0']);
  });

  it('does not report content that the destination has already', async () => {
    const registry = new MemoryRegistry();
    const old = image({ seed: 'old', layers: IMAGE.blobs.slice(1) });
    registry.push(SOURCE, IMAGE);
    registry.push('p.io/p/app', old, 'v1');
    registry.push('q.io/q/app', image({ seed: 'other' }), 'v1');
    registry.lose(SOURCE, IMAGE.blobs[1]?.digest ?? digest('0'));
    const { findings } = await check(proveFew(), registry, wanting(IMAGE, old));
    expect(findings.flatMap(({ edges }) => edges)).toEqual(['q.io/q/app:v0']);
  });

  it('says that a manifest cannot be copied', async () => {
    const registry = new MemoryRegistry();
    const bytes = Buffer.from(JSON.stringify({ manifests: [{ digest: 'sha256:abc' }] }));
    const manifest = { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
    const bad: Content = { manifest, blobs: [], children: [] };
    registry.push(SOURCE, bad);
    const { findings } = await check(proveFew(), registry, wanting(bad));
    expect(findings).toMatchObject([
      { level: 'error', message: expect.stringMatching(/cannot be copied: .*malformed digest/) },
    ]);
  });

  it('says that an image is too large to be copied, and asks for none of its parts', async () => {
    const registry = new MemoryRegistry();
    const entries = Array.from({ length: 100_001 }, (_, number) => ({
      mediaType: OCI_MANIFEST,
      digest: `sha256:${String(number).padStart(64, '0')}`,
      size: 1,
    }));
    const bytes = Buffer.from(JSON.stringify({ manifests: entries }));
    const manifest = { mediaType: OCI_INDEX, bytes, digest: digestOf(bytes) };
    registry.push(SOURCE, { manifest, blobs: [], children: [] });
    const { findings } = await check(proveFew(), registry, wanting({ manifest, blobs: [], children: [] }));
    expect(findings).toMatchObject([{ message: expect.stringMatching(/leads to more than 100000/) }]);
    expect(registry.log()).toEqual([]);
  });

  it('says that indexes are nested too deep to be copied, and takes eight levels', async () => {
    let nested: Content = image({ seed: 'deep' });
    for (let depth = 0; depth < 8; depth += 1) nested = index({ children: [nested] });
    expect(await findingsWithout(undefined, nested)).toEqual([]);
    const findings = await findingsWithout(undefined, index({ children: [nested] }));
    expect(findings).toMatchObject([
      { level: 'error', message: expect.stringMatching(/nested more than 8 deep/) },
    ]);
  });

  it.each(['has-blob', 'fetch', 'resolve'] as const)(
    'blocks what cannot be read: a failed %s',
    async (verb) => {
      const registry = new MemoryRegistry();
      registry.push(SOURCE, INDEX);
      registry.push('s.io/s/other', IMAGE);
      const wanted = toBoth.promote({
        app: { [INDEX.manifest.digest]: ['v0'] },
        other: { [IMAGE.manifest.digest]: ['v0'] },
      });
      const planned = await plan(registry, wanted);
      registry.fail({ verb, repository: repository(SOURCE) });
      const { findings } = await checkPlanned(proveFew(), { ...planned, source: registry });
      expect(findings).toMatchObject([
        {
          level: 'error',
          message: expect.stringMatching(/could not be proven to be complete: GET https:\/\/test: 503/),
        },
      ]);
      expect(findings[0]?.edges ?? []).toEqual(['p.io/p/app:v0', 'q.io/q/app:v0']);
    },
  );

  it('keeps its findings when the run is stopped', async () => {
    const stopping = new AbortController();
    const registry = new MemoryRegistry();
    const bad = image({ seed: 'bad' });
    const slow = image({ seed: 'slow' });
    for (const content of [bad, slow]) registry.push(SOURCE, content);
    registry.lose(SOURCE, bad.blobs[0]?.digest ?? digest('0'));
    const planned = await plan(registry, wanting(bad, slow));
    registry.atCall(async ({ what }) => {
      if (what !== slow.blobs[0]?.digest) return undefined;
      await new Promise((resolve) => setImmediate(resolve));
      stopping.abort();
      return undefined;
    });
    const { findings } = await checkPlanned([incompleteSource('few')], planned, stopping.signal);
    expect(findings.map(({ message }) => message.includes(bad.manifest.digest))).toEqual([true]);
  });
});

describe('destinations of the same manifest that have the image', () => {
  const INDEX = multiArch('index', { platforms: 2 });
  const [child] = INDEX.children;
  const to = ['p.io/p', 'q.io/q', 'q.io/r', 'r.io/r'];

  /** The source has the index, or has lost something of it; some destinations have it, or have lost something too. */
  async function checked(
    has: readonly string[],
    lost: { source?: readonly Digest[]; sibling?: Digest } = {},
  ) {
    const registry = new MemoryRegistry();
    for (const name of [SOURCE, ...has.map((place) => `${place}/app`)]) registry.push(name, INDEX, 'v0');
    for (const digest of lost.source ?? []) registry.lose(SOURCE, digest);
    for (const name of has) if (lost.sibling !== undefined) registry.lose(`${name}/app`, lost.sibling);
    const manifest = from('s.io/s')
      .to(...to)
      .promote({ app: { [INDEX.manifest.digest]: ['v0'] } });
    const { findings } = await check(proveFew(), registry, manifest);
    return { findings, registry };
  }

  const manifest = child?.manifest.digest ?? digest('0');
  const blob = child?.blobs[1]?.digest ?? digest('0');

  it.each([
    ['a child', [manifest]],
    ['a layer', [blob]],
    ['the whole image', [INDEX.manifest.digest, ...blobsOf(INDEX).map((one) => one.digest)]],
  ])('stand in for a source that has lost %s', async (_what, source) => {
    expect((await checked(['p.io/p'], { source })).findings).toEqual([]);
  });

  it('do not where they have lost the same', async () => {
    const { findings } = await checked(['p.io/p'], { source: [blob], sibling: blob });
    expect(findings).toMatchObject([
      { message: expect.stringMatching(`is incomplete: blob ${blob} .* is not in ${SOURCE}, p.io/p/app`) },
    ]);
    expect(findings[0]?.edges ?? []).toEqual(['q.io/q/app:v0', 'q.io/r/app:v0', 'r.io/r/app:v0']);
  });

  it('are proven themselves, once, where the source has nothing', async () => {
    const { findings, registry } = await checked(['p.io/p', 'q.io/q'], {
      source: [INDEX.manifest.digest],
    });
    expect(findings).toEqual([]);
    expect(registry.count({ verb: 'has-blob' })).toBe(blobsOf(INDEX).length);
  });

  it('spare the blobs where every host has one of them', async () => {
    const { findings, registry } = await checked(['p.io/p', 'q.io/q', 'r.io/r']);
    expect(findings).toEqual([]);
    expect(registry.log().toSorted()).toEqual(
      INDEX.children.map((one) => `fetch ${SOURCE} ${one.manifest.digest}`).toSorted(),
    );
  });
});

describe('the requests of a proof', () => {
  async function requestsFor(registry: MemoryRegistry, ...contents: readonly Content[]) {
    for (const content of contents) registry.push(SOURCE, content);
    await check([incompleteSource('few')], registry, wanting(...contents));
    return {
      manifests: registry.count({ verb: 'fetch' }),
      blobs: registry.count({ verb: 'has-blob' }),
      all: registry.calls.length,
    };
  }

  it.each([
    ['an image', image({ seed: 'one', layers: 5 })],
    ['an index', multiArch('index', { platforms: 4 })],
    ['a nested index', nestedIndex('nested')],
  ])(
    'of %s: each child and each blob once, for both destinations; the root is known',
    async (_what, content) => {
      const children = manifestsOf(content).length - 1;
      const blobs = blobsOf(content).length;
      expect(await requestsFor(new MemoryRegistry(), content)).toEqual({
        manifests: children,
        blobs,
        all: children + blobs,
      });
    },
  );

  it('of images that share children and layers: each of them once', async () => {
    const shared = image({ seed: 'shared' });
    const one = index({ children: [shared, image({ seed: 'one' })] });
    const other = index({ children: [shared, image({ seed: 'other' })] });
    const blobs = new Set([...blobsOf(one), ...blobsOf(other)].map((blob) => blob.digest)).size;
    expect(await requestsFor(new MemoryRegistry(), one, other)).toEqual({
      manifests: 3,
      blobs,
      all: 3 + blobs,
    });
  });

  it('of an index that lists a child many times: the child once', async () => {
    const child = image({ seed: 'child' });
    const blobs = child.blobs.length;
    const content = index({ children: Array.from({ length: 50 }, () => child) });
    expect(await requestsFor(new MemoryRegistry(), content)).toEqual({ manifests: 1, blobs, all: 1 + blobs });
  });

  it('of an index whose 1,000 children are nowhere: a few, and says how many it has not looked at', async () => {
    const registry = new MemoryRegistry();
    const children = Array.from({ length: 1_000 }, (_, number) =>
      image({ seed: `child ${number}`, layers: 1 }),
    );
    const content = index({ children });
    registry.push(SOURCE, { ...content, children: [] });
    const { findings } = await check([incompleteSource('few')], registry, wanting(content));
    expect(registry.calls.length).toBeLessThanOrEqual(8);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toMatch(
      /and 5 more are not in .*; 992 more manifests and blobs were not checked$/,
    );
  });

  it('does not look for layers that lie elsewhere', async () => {
    const content = foreignLayerImage('windows');
    expect(await requestsFor(new MemoryRegistry(), content)).toMatchObject({ blobs: content.blobs.length });
  });
});

describe('how much is proven', () => {
  async function prove(scope: ProofScope, images: number) {
    const registry = new MemoryRegistry();
    const contents = Array.from({ length: images }, (_, number) => image({ seed: `${number}`, layers: [] }));
    for (const content of contents) registry.push(SOURCE, content);
    registry.lose(SOURCE, contents[0]?.blobs[0]?.digest ?? digest('0'));
    const { findings } = await check([incompleteSource(scope)], registry, wanting(...contents));
    return { findings, asked: registry.calls.length };
  }

  it(`of ${FEW - 1} digests: all`, async () => {
    const { findings, asked } = await prove('few', FEW - 1);
    expect(findings).toMatchObject([{ level: 'error' }]);
    expect(asked).toBe(FEW - 1 + 1); // GET of the missing blob too
  });

  it(`of ${FEW} digests: none, with one warning`, async () => {
    const { findings, asked } = await prove('few', FEW);
    expect(asked).toBe(0);
    expect(findings).toMatchObject([
      {
        level: 'warn',
        at: undefined,
        edges: [],
        message: expect.stringMatching(/^2000 digests are to be copied/),
      },
    ]);
    expect(findings[0]?.advice).toContain('-prove=all');
  });

  it(`of ${FEW} digests, if all is asked for: all`, async () => {
    const { findings, asked } = await prove('all', FEW);
    expect(findings).toMatchObject([{ level: 'error' }]);
    expect(asked).toBe(FEW + 1);
  });
});
