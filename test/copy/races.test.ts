import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { isWritable } from '../../src/plan/plan.ts';
import { type Content, image, manifestsOf, multiArch } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';
import { type Call, MemoryRegistry } from '../doubles/memory-registry.ts';
import { apply, plan, promote } from './promoting.ts';
import {
  build,
  CONTENTS,
  DESTINATIONS,
  expected,
  holdingsOf,
  NAMES,
  SOURCES,
  TAGS,
  universe,
} from './universe.ts';

const A = image({ seed: 'a' });
const MULTI = multiArch('multi');
const APP = 'p.io/p/app';

function app(content: Content) {
  return from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [content.manifest.digest]: ['v1'] } });
}

describe('between plan and copying', () => {
  it('an image that all of its sources lose fails, and they are named', async () => {
    const registry = new MemoryRegistry();
    const { digest } = MULTI.manifest;
    const wanted = ['1', '2'].map((name) =>
      from(`s.io/${name}`)
        .to('p.io/p')
        .promote({ app: { [digest]: ['v1'] } }),
    );
    for (const name of ['1', '2']) registry.push(`s.io/${name}/app`, MULTI);
    const planned = await plan(registry, ...wanted);
    for (const name of ['1', '2']) deleteAll(registry, `s.io/${name}/app`, MULTI);
    expect(await apply(planned)).toEqual([expect.stringMatching(/ is not in s\.io\/1\/app, s\.io\/2\/app$/)]);
  });

  it.each([A, MULTI])(
    'an image that the source loses fails, and is lost for the next run',
    async (content) => {
      const registry = new MemoryRegistry();
      registry.push('s.io/s/app', content);
      const planned = await plan(registry, app(content));
      deleteAll(registry, 's.io/s/app', content);
      expect(await apply(planned)).toEqual([expect.stringMatching(/^p\.io\/p\/app:v1 failed: /)]);
      expect(registry.tagsOf(APP)).toEqual({});
      const next = await plan(registry, app(content));
      expect(next.plan.items.map(({ decision }) => decision)).toEqual(['lost']);
    },
  );

  it.each([A, MULTI])(
    'an image that the destination loses is copied before it is tagged',
    async (content) => {
      const registry = new MemoryRegistry();
      const digest = registry.push('s.io/s/app', content);
      registry.push(APP, content);
      const planned = await plan(registry, app(content));
      expect(planned.plan.items.map(({ decision }) => decision)).toEqual(['add-tag']);
      for (const manifest of manifestsOf(content)) registry.deleteManifest(APP, manifest.digest);
      registry.collectGarbage(APP);
      expect(await apply(planned)).toEqual([`${APP}:v1 copied`]);
      expect(registry.isWhole(APP, digest)).toBe(true);
    },
  );

  it('a blob that is mounted and then collected, each time, fails; the next run cures it', async () => {
    const registry = new MemoryRegistry();
    const digest = registry.push('p.io/staging/app', A);
    const wanted = from('p.io/staging')
      .to('p.io/p')
      .promote({ app: { [digest]: ['v1'] } });
    const planned = await plan(registry, wanted);
    let collects = true;
    registry.atCall(({ verb }) => collects && verb === 'put' && registry.lose(APP, A.blobs[0]!.digest));
    expect(await apply(planned)).toEqual([expect.stringMatching(/:v1 failed: .*MANIFEST_BLOB_UNKNOWN/)]);
    expect(registry.digestsOf(APP)).toEqual(new Set());
    collects = false;
    expect(await promote(registry, wanted)).toEqual([`${APP}:v1 copied`]);
    expect(registry.isWhole(APP, digest)).toBe(true);
  });
});

/** What somebody else does to a registry. */
type Deed =
  | { readonly kind: 'tag'; readonly where: string; readonly tag: string; readonly content: Content }
  | { readonly kind: 'delete'; readonly where: string; readonly content: Content }
  | { readonly kind: 'collect'; readonly where: string };

const places = (registries: readonly string[]) =>
  fc
    .record({ registry: fc.constantFrom(...registries), name: fc.constantFrom(...NAMES) })
    .map(({ registry, name }) => `${registry}/${name}`);
const content = fc.constantFrom(...CONTENTS);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant('tag' as const),
    where: places(DESTINATIONS),
    tag: fc.constantFrom(...TAGS),
    content,
  }),
  fc.record({ kind: fc.constant('delete' as const), where: places([...DESTINATIONS, ...SOURCES]), content }),
  fc.record({ kind: fc.constant('collect' as const), where: places(DESTINATIONS) }),
);
/** Deeds by the number of the call before whose answer they are done. */
const deeds = fc.array(fc.record({ at: fc.nat(60), deed }), { maxLength: 8 });

describe('somebody else at work in any universe', () => {
  it('never has a tag moved that was there when it was looked at, and a rerun cures every failure', async () => {
    await fc.assert(
      fc.asyncProperty(universe, deeds, async (given, deeds) => {
        const { registry, manifests } = build(given);
        const planned = await plan(registry, ...manifests);
        let calls = 0;
        registry.atCall(() => {
          calls += 1;
          for (const { at, deed } of deeds) if (at === calls) perform(deed, registry);
        });
        const moved = watchTags(registry);
        const outcomes = await apply(planned);
        expect(outcomes).toHaveLength(planned.plan.items.filter(isWritable).length);
        expect(moved).toEqual([]);
        expectWhole(registry, expected(registry, manifests).keys());

        calls = Number.POSITIVE_INFINITY;
        const goal = expected(registry, manifests);
        const again = await promote(registry, ...manifests);
        expect(again.filter((line) => !line.endsWith(' copied'))).toEqual([]);
        expect(holdingsOf(registry, goal.keys())).toEqual(goal);
      }),
      runs({ seed: 23, numRuns: 200 }),
    );
  });

  it('may be another promoter of the same manifests: both end well, no tag is written twice as something else', async () => {
    await fc.assert(
      fc.asyncProperty(universe, fc.boolean(), async (given, reversed) => {
        const { registry, manifests } = build(given);
        const goal = expected(registry, manifests);
        const moved = watchTags(registry);
        const others = reversed ? manifests.toReversed() : manifests;
        const outcomes = await Promise.all([promote(registry, ...manifests), promote(registry, ...others)]);
        expect(outcomes.flat().filter((line) => !line.endsWith(' copied'))).toEqual([]);
        expect(moved).toEqual([]);
        expect(holdingsOf(registry, goal.keys())).toEqual(goal);
        expect(registry.openUploads).toBe(0);
      }),
      runs({ seed: 24, numRuns: 150 }),
    );
  });
});

function perform(deed: Deed, registry: MemoryRegistry): void {
  switch (deed.kind) {
    case 'tag':
      registry.push(deed.where, deed.content, deed.tag);
      return;
    case 'delete':
      registry.deleteManifest(deed.where, deed.content.manifest.digest);
      return;
    case 'collect':
      registry.collectGarbage(deed.where);
  }
}

function deleteAll(registry: MemoryRegistry, repository: string, content: Content): void {
  for (const { digest } of manifestsOf(content)) registry.deleteManifest(repository, digest);
  registry.collectGarbage(repository);
}

/** Collects the tags that are written although they were there, as what they are now, when they were looked at. */
function watchTags(registry: MemoryRegistry): readonly string[] {
  const moved: string[] = [];
  const seen = new Map<string, Digest | undefined>();
  registry.atCall(({ verb, repository, what }: Call) => {
    const tags = registry.tagsOf(repository);
    if (verb === 'list') for (const tag of TAGS) seen.set(`${repository}:${tag}`, tags[tag]);
    if (verb === 'resolve') seen.set(`${repository}:${what}`, tags[what]);
    const name = `${repository}:${what}`;
    if (verb === 'put' && tags[what] !== undefined && seen.get(name) === tags[what]) moved.push(name);
  });
  return moved;
}

function expectWhole(registry: MemoryRegistry, repositories: Iterable<string>): void {
  for (const repository of repositories) {
    for (const digest of registry.digestsOf(repository)) {
      expect(registry.isWhole(repository, digest), `${repository}@${digest}`).toBe(true);
    }
  }
}
