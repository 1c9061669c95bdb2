// Covers src/report/advise.ts
// Covers src/workflows/verify/judge-edge.ts
// Covers src/workflows/verify/make-verification.ts
// Covers src/workflows/verify/read-observations.ts
// Covers src/workflows/verify/target.ts

import { describe, expect, it } from 'vitest';
import { DOCKER_CONFIG, OCI_CONFIG } from '../../../src/image/media-types.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { advise } from '../../../src/report/advise.ts';
import { exitCodeOf } from '../../../src/report/exit-code.ts';
import {
  blobsOf,
  buildCache,
  type Content,
  foreignLayerImage,
  image,
  index,
  multiArch,
  nondistributableImage,
} from '../../builders/images.ts';
import { digest, from, repository } from '../../builders/manifests.ts';
import { MemoryRegistry, type MemoryRegistryOptions } from '../../doubles/memory-registry.ts';
import { linesOf, type VerifyingOptions, verifyManifests } from './verifying.ts';

const EU = 'eu.gcr.example/prod';
const US = 'us.gcr.example/prod';
const app = image({ seed: 'app' });
const other = image({ seed: 'other' });
const APP = app.manifest.digest;
const OTHER = other.manifest.digest;

const wantsApp = (...destinations: readonly string[]) =>
  from('gcr.io/staging')
    .to(...destinations)
    .promote({ app: { [APP]: ['v1', 'v2'] } });

/** What is said of an app that is wanted as v1 and v2, and the exit code. */
async function check(
  prepare: (registry: MemoryRegistry) => void,
  expected: readonly string[],
  {
    options,
    registry = new MemoryRegistry(),
  }: { options?: VerifyingOptions; registry?: MemoryRegistry } = {},
): Promise<void> {
  prepare(registry);
  const verification = await verifyManifests(registry, [wantsApp(EU)], options);
  expect(linesOf(verification)).toEqual(expected);
  expect(exitCodeOf(verification, { allowLost: false })).toBe(expected.length === 0 ? 0 : 1);
}

describe('a deep verification that is stopped', () => {
  const images = Array.from({ length: 20 }, (_, number) => image({ seed: `of twenty ${number}` }));
  const dmap = Object.fromEntries(images.map(({ manifest }, number) => [manifest.digest, [`v${number}`]]));

  /** What is found when it is stopped at the so-manieth question for a blob. */
  async function stoppedAt(count: number) {
    const registry = new MemoryRegistry();
    images.forEach((one, number) => registry.push(`${EU}/app`, one, `v${number}`));
    registry.lose(`${EU}/app`, images[1]?.blobs[0]?.digest ?? APP);
    const stopping = new AbortController();
    registry.atCall(() => registry.count({ verb: 'has-blob' }) >= count && stopping.abort());
    const options = { deep: true, stopping: stopping.signal };
    return verifyManifests(registry, [from('gcr.io/staging').to(EU).promote({ app: dmap })], options);
  }

  it('tells the images of a repository that it has come to the end of, and no other', async () => {
    const blobs = images[0]?.blobs.length ?? 0;
    const { summary } = await stoppedAt(blobs * 10);
    expect(summary.incomplete).toBe(1);
    expect(summary.present).toBeGreaterThan(0);
    expect(summary.present).toBeLessThan(10);
    expect(summary['not-checked']).toBe(20 - 1 - summary.present);
  });

  it('takes none for present of which it has seen the name alone', async () => {
    const { summary } = await stoppedAt(1);
    expect(summary).toMatchObject({ present: 0, 'not-checked': 20 });
  });
});

describe('advice', () => {
  const adviceOn = async (registry: MemoryRegistry, options?: VerifyingOptions) =>
    advise(await verifyManifests(registry, [wantsApp(EU)], options));

  it('is given once for each kind of finding, and none where all is there', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, app, 'v1');
    registry.push(`${EU}/app`, other, 'v2');
    registry.lose(`${EU}/app`, app.blobs[0]?.digest ?? APP);
    const given = await adviceOn(registry, { deep: true });
    expect(given.map(({ about }) => about)).toEqual(['different', 'incomplete']);
    registry.push(`${EU}/app`, app, 'v1', 'v2');
    expect(await adviceOn(registry, { deep: true })).toEqual([]);
  });

  it('on unreadable edges is left out only where a cause has it for each of them', async () => {
    const verification = await verifyManifests(new MemoryRegistry(), [wantsApp(EU)]);
    const unreadable = { ...verification, summary: { ...verification.summary, missing: 0, unreadable: 3 } };
    const cause = { id: 'unreachable a.io', kind: 'unreachable', host: 'a.io', identity: null } as const;
    const causedBy = (edges: number) => [{ ...cause, edges, repositories: [], message: '', advice: '' }];
    const subjectsOf = (edges: number) =>
      advise({ ...unreadable, causes: causedBy(edges) }).map(({ about }) => about);
    expect(subjectsOf(2)).toEqual(['unreadable']);
    expect(subjectsOf(3)).toEqual([]);
  });

  it('of what a front lacks is to look behind it', async () => {
    const given = await adviceOn(new MemoryRegistry(), { via: 'front.example' });
    expect(given).toEqual([
      {
        about: 'missing',
        text: expect.stringMatching(/^verify without -via: .* front\.example is late or wrong/),
      },
    ]);
  });

  it('of a run that was stopped is to run it again', async () => {
    const [advice] = await adviceOn(new MemoryRegistry(), { stopping: AbortSignal.abort() });
    expect(advice).toEqual({ about: 'not-checked', text: expect.stringContaining('-shard') });
  });
});

describe.each<[string, MemoryRegistryOptions]>([
  ['a listing tells digests', { listing: 'google' }],
  ['a listing tells tags', { listing: 'tags' }],
  ['no listing is given', { listing: 'refused' }],
])('where %s', (_, style) => {
  const registry = () => new MemoryRegistry(style);

  it('all that is there is nothing to tell', () =>
    check((there) => there.push(`${EU}/app`, app, 'v1', 'v2'), [], { registry: registry() }));

  it('a tag that is not there is missing', () =>
    check(
      (there) => there.push(`${EU}/app`, app, 'v1'),
      [`missing: ${EU}/app:v2: there is no such tag, but its digest exists`],
      { registry: registry() },
    ));

  it('a tag with another digest is reported with both', () =>
    check(
      (there) => {
        there.push(`${EU}/app`, app, 'v1');
        there.push(`${EU}/app`, other, 'v2');
      },
      [`different: ${EU}/app:v2: the tag is ${OTHER}, not ${APP}`],
      { registry: registry() },
    ));

  it('of a repository that is not there everything is missing', () =>
    check(
      () => {},
      ['v1', 'v2'].map((tag) => `missing: ${EU}/app:${tag}: there is no such tag`),
      { registry: registry() },
    ));

  it('a digest that is wanted without a tag is asked for as such', async () => {
    const wanted = from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [APP]: [], [OTHER]: [] } });
    const there = registry();
    there.push(`${EU}/app`, app);
    const verification = await verifyManifests(there, [wanted]);
    expect(linesOf(verification)).toEqual([`missing: ${EU}/app@${OTHER}: there is no such digest`]);
    expect(verification.summary).toMatchObject({ edges: 2, present: 1, missing: 1 });
  });
});

describe('an edge without a usable answer', () => {
  it('a registry that does not answer is unreadable, and the others are looked at', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, app, 'v1', 'v2');
    registry.fail({ repository: repository(`${US}/app`) });
    const { summary, hosts } = await verifyManifests(registry, [wantsApp(EU, US)]);
    expect(summary).toMatchObject({ edges: 4, present: 2, unreadable: 2 });
    expect(hosts).toMatchObject({
      'eu.gcr.example': { edges: { present: 2, unreadable: 0 } },
      'us.gcr.example': { edges: { present: 0, unreadable: 2 } },
    });
  });

  it('edges in conflict are none that was promoted, and not asked for', async () => {
    const registry = new MemoryRegistry();
    const wanted = from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [APP]: ['v1'], [OTHER]: ['v1'] } });
    const verification = await verifyManifests(registry, [wanted]);
    expect(verification.summary).toMatchObject({ edges: 2, conflict: 2 });
    expect(exitCodeOf(verification, { allowLost: false })).toBe(1);
    expect(registry.calls).toEqual([]);
  });

  it('edges that were not checked before a stop are not-checked', async () => {
    const registry = new MemoryRegistry();
    const stop = new AbortController();
    registry.push(`${EU}/app`, app, 'v1', 'v2');
    registry.atCall(({ repository: asked }) => {
      if (asked.startsWith(US)) stop.abort();
    });
    const verification = await verifyManifests(registry, [wantsApp(EU, US)], { stopping: stop.signal });
    expect(verification.stopped).toBe(true);
    expect(verification.summary['not-checked']).toBeGreaterThanOrEqual(2);
    expect(exitCodeOf(verification, { allowLost: false })).toBe(1);
  });

  it('a run that is stopped before anything else asks nothing', async () => {
    const registry = new MemoryRegistry();
    const verification = await verifyManifests(registry, [wantsApp(EU)], { stopping: AbortSignal.abort() });
    expect(verification.summary).toMatchObject({ edges: 2, 'not-checked': 2 });
    expect(registry.calls).toEqual([]);
  });
});

describe('how much is asked', () => {
  const tags = Array.from({ length: 100 }, (_, number) => `v${number}`);
  const wanted = from('gcr.io/staging')
    .to(EU, US)
    .promote({ app: { [APP]: tags, [OTHER]: [] } });

  function full(options: MemoryRegistryOptions, ...destinations: readonly string[]): MemoryRegistry {
    const registry = new MemoryRegistry(options);
    for (const destination of destinations) {
      registry.push(`${destination}/app`, app, ...tags);
      registry.push(`${destination}/app`, other);
    }
    return registry;
  }

  it.each([
    ['one listing for a repository, where that tells digests', 'google', {}, 2],
    [
      'a HEAD for each edge where no listing does, and one listing for each host to find that out',
      'tags',
      {},
      2 * 102,
    ],
    [
      'a HEAD for each edge of one name through a front, and for each digest',
      'google',
      { via: 'front.io' },
      102,
    ],
  ] as const)('is %s', async (_, listing, options, requests) => {
    const registry = full({ listing }, EU, US, 'front.io/prod');
    const { summary } = await verifyManifests(registry, [wanted], options);
    expect(summary).toMatchObject({ edges: 202, present: 202 });
    expect(registry.count()).toBe(requests);
  });
});

describe('-report-all', () => {
  it('tells what is there too', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, app, 'v1', 'v2');
    const verification = await verifyManifests(registry, [wantsApp(EU)], { reportAll: true });
    expect(linesOf(verification)).toEqual([`present: ${EU}/app:v1: there`, `present: ${EU}/app:v2: there`]);
    expect(exitCodeOf(verification, { allowLost: false })).toBe(0);
  });
});

describe('-deep', () => {
  const multi = multiArch('deep', { platforms: 3 });
  const MULTI = multi.manifest.digest;
  const wanted = from('gcr.io/staging')
    .to(EU)
    .promote({ app: { [MULTI]: ['v1', 'v2'] } });
  const [child] = multi.children;
  const layer = child?.blobs.at(-1);
  const deep = { deep: true };

  function wants({ manifest }: Content) {
    return from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [manifest.digest]: ['v1'] } });
  }

  function withMulti(): MemoryRegistry {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, multi, 'v1', 'v2');
    return registry;
  }

  it('finds all there', async () => {
    const registry = withMulti();
    expect(linesOf(await verifyManifests(registry, [wanted], deep))).toEqual([]);
  });

  it('reads every manifest once and asks for every blob once', async () => {
    const registry = withMulti();
    await verifyManifests(registry, [wanted], deep);
    expect(registry.count({ verb: 'fetch' })).toBe(1 + multi.children.length);
    expect(registry.count({ verb: 'has-blob' })).toBe(blobsOf(multi).length);
    expect(new Set(registry.log({ verb: 'has-blob' })).size).toBe(blobsOf(multi).length);
  });

  it('finds a lost layer of a child, for every tag', async () => {
    const registry = withMulti();
    registry.lose(`${EU}/app`, layer?.digest ?? digest('0'));
    const verification = await verifyManifests(registry, [wanted], deep);
    const reason = `the manifest exists, but not blob ${layer?.digest} of ${layer?.bytes.length} bytes`;
    expect(linesOf(verification)).toEqual(
      ['v1', 'v2'].map((tag) => `incomplete: ${EU}/app:${tag}: ${reason}`),
    );
    expect(exitCodeOf(verification, { allowLost: false })).toBe(1);
  });

  it('finds a lost child', async () => {
    const registry = withMulti();
    registry.lose(`${EU}/app`, child?.manifest.digest ?? digest('0'));
    const { items } = await verifyManifests(registry, [wanted], deep);
    expect(items.map(({ decision, reason }) => [decision, reason])).toEqual(
      ['v1', 'v2'].map(() => [
        'incomplete',
        `the manifest exists, but not manifest ${child?.manifest.digest}`,
      ]),
    );
  });

  it('leaves out nondistributable layers with urls, whose bytes are elsewhere', async () => {
    const registry = new MemoryRegistry();
    const windows = foreignLayerImage('windows');
    registry.push(`${EU}/app`, windows, 'v1');
    expect(linesOf(await verifyManifests(registry, [wants(windows)], deep))).toEqual([]);
    expect(registry.log({ verb: 'has-blob' })).toHaveLength(windows.blobs.length);
  });

  it.each<[string, Content]>([
    ['a nondistributable layer without urls', nondistributableImage('oci')],
    ['a foreign layer without urls', nondistributableImage('docker', 'docker')],
    ['a layer of a build cache', buildCache('cache')],
    ['an entry of an index that has no type', buildCache('typeless', ['', ''])],
    ['an entry of an index that has an unknown type', buildCache('unknown', ['application/vnd.x+json'])],
  ])('misses %s', async (_what, content) => {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, content, 'v1');
    expect(linesOf(await verifyManifests(registry, [wants(content)], deep))).toEqual([]);
    const lost = content.blobs.find(
      ({ mediaType }) => mediaType !== OCI_CONFIG && mediaType !== DOCKER_CONFIG,
    );
    registry.lose(`${EU}/app`, lost?.digest ?? digest('0'));
    const { summary, items } = await verifyManifests(registry, [wants(content)], deep);
    expect(summary).toMatchObject({ incomplete: 1 });
    expect(items[0]?.reason).toContain(`${lost?.digest}`);
  });

  it('finds damage that a check without -deep does not', async () => {
    const registry = withMulti();
    registry.lose(`${EU}/app`, layer?.digest ?? digest('0'));
    expect(linesOf(await verifyManifests(registry, [wanted]))).toEqual([]);
    expect(registry.count({ verb: 'fetch' })).toBe(0);
  });

  it('follows indexes within indexes', async () => {
    const registry = new MemoryRegistry();
    const nested = index({ children: [index({ children: [app] })] });
    registry.push(`${EU}/app`, nested, 'v1');
    registry.lose(`${EU}/app`, app.blobs[0]?.digest ?? digest('0'));
    const manifest = from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [nested.manifest.digest]: ['v1'] } });
    const { summary } = await verifyManifests(registry, [manifest], deep);
    expect(summary).toMatchObject({ incomplete: 1 });
  });

  it('ends at indexes that are nested too deep', async () => {
    const registry = new MemoryRegistry();
    let content = index({ children: [app] });
    for (let depth = 0; depth < 9; depth++) content = index({ children: [content] });
    registry.push(`${EU}/app`, content, 'v1');
    const manifest = from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [content.manifest.digest]: ['v1'] } });
    const { items } = await verifyManifests(registry, [manifest], deep);
    expect(items).toMatchObject([{ decision: 'unreadable', reason: /index within an index/ }].map(matching));
  });

  it('a manifest that cannot be read is unreadable, and no other one', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${EU}/app`, app, 'v1');
    registry.push(`${EU}/app`, other, 'v2');
    registry.fail(
      { verb: 'fetch', what: OTHER },
      { error: new RegistryError('mismatch', 'GET https://test: damaged') },
    );
    const manifest = from('gcr.io/staging')
      .to(EU)
      .promote({ app: { [APP]: ['v1'], [OTHER]: ['v2'] } });
    const verification = await verifyManifests(registry, [manifest], deep);
    expect(linesOf(verification)).toEqual([`unreadable: ${EU}/app:v2: GET https://test: damaged`]);
  });
});

describe('-via', () => {
  const FRONT = 'front.example';

  it('queries only the mirror, once for all destinations of one name', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${FRONT}/app`, app, 'v1', 'v2');
    const { summary } = await verifyManifests(registry, [wantsApp(EU, US)], { via: `${FRONT}=prod` });
    expect(summary).toMatchObject({ edges: 4, present: 4 });
    expect(registry.log()).toEqual([
      `resolve ${FRONT}/app v1`,
      `resolve ${FRONT}/app v2`,
      `resolve ${FRONT}/app ${APP}`,
    ]);
  });

  it('separates destinations of one name with different wanted digests', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${FRONT}/app`, app, 'v1', 'v2');
    const wantsOther = from('gcr.io/staging')
      .to(US)
      .promote({ app: { [OTHER]: ['v3'] } });
    const verification = await verifyManifests(registry, [wantsApp(EU), wantsOther], {
      via: `${FRONT}=prod`,
    });
    expect(linesOf(verification)).toEqual([`missing: ${US}/app:v3 as ${FRONT}/app:v3: there is no such tag`]);
  });

  it('a tag whose digest is not to be had is not there', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${FRONT}/prod/app`, app, 'v1', 'v2');
    registry.atCall(({ what }) => (what === APP ? registry.lose(`${FRONT}/prod/app`, APP) : undefined));
    const verification = await verifyManifests(registry, [wantsApp(EU)], { via: FRONT });
    const reason = `the manifest exists, but not manifest ${APP}`;
    expect(linesOf(verification)).toEqual(
      ['v1', 'v2'].map((tag) => `incomplete: ${EU}/app:${tag} as ${FRONT}/prod/app:${tag}: ${reason}`),
    );
  });

  it('a destination that the front has no name for is never called present', async () => {
    const registry = new MemoryRegistry();
    const verification = await verifyManifests(registry, [wantsApp(EU)], { via: `${FRONT}=elsewhere` });
    expect(verification.summary).toMatchObject({ edges: 2, unreadable: 2 });
    expect(verification.items[0]?.reason).toBe(
      `${FRONT} has names only for repositories below elsewhere/: verify it without -via`,
    );
    expect(registry.calls).toEqual([]);
  });

  it('looks at content through the front', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${FRONT}/prod/app`, app, 'v1', 'v2');
    const { summary } = await verifyManifests(registry, [wantsApp(EU)], { via: FRONT, deep: true });
    expect(summary).toMatchObject({ edges: 2, present: 2 });
    expect(new Set(registry.calls.map((call) => call.repository))).toEqual(new Set([`${FRONT}/prod/app`]));
    expect(registry.count({ verb: 'has-blob' })).toBe(app.blobs.length);
  });
});

function matching<T extends { readonly reason: RegExp }>({ reason, ...rest }: T) {
  return { ...rest, reason: expect.stringMatching(reason) };
}
