import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { isWritable } from '../../src/plan/plan.ts';
import { type Content, manifestsOf } from '../builders/content.ts';
import { foreignLayerImage, image, layer, multiArch, nestedIndex } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { apply, plan } from './promoting.ts';

const BASE = layer('base');
/** They share layers, but no manifest is below two of them. */
const CONTENTS: readonly Content[] = [
  image({ seed: 'one', layers: [BASE, layer('one')] }),
  image({ seed: 'two', layers: [BASE, layer('two')] }),
  multiArch('three', { platforms: 2 }),
  nestedIndex('four'),
  foreignLayerImage('five'),
];
const CONTENT_OF = new Map(CONTENTS.map((content) => [content.manifest.digest, content]));
const DIGESTS = Array.from(CONTENT_OF.keys());

/** The last one is on the host of destinations, and destinations are nested. */
const SOURCES = ['s.io/one', 's.io/two', 'p.io/staging'];
const DESTINATIONS = ['p.io/p', 'p.io/p/group', 'q.io/p'];
const NAMES = ['app', 'group/app'];
const TAGS = ['v1', 'v2', 'v3'];

const anyDigest = fc.constantFrom(...DIGESTS);
const tags = fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 });
const pushes = (registries: readonly string[]) =>
  fc.array(
    fc.record({
      where: fc.constantFrom(...registries),
      name: fc.constantFrom(...NAMES),
      digest: anyDigest,
      tags,
    }),
    { maxLength: 8 },
  );
const promotions = fc.array(
  fc.record({
    source: fc.constantFrom(...SOURCES),
    destinations: fc.uniqueArray(fc.constantFrom(...DESTINATIONS), { minLength: 1 }),
    images: fc.array(
      fc.dictionary(fc.constantFrom(...NAMES), fc.dictionary(anyDigest, tags, { maxKeys: 3 })),
      {
        maxLength: 2,
      },
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

const universe = fc.record({
  promotions,
  atSources: pushes(SOURCES),
  atDestinations: pushes(DESTINATIONS),
  listing: fc.constantFrom('google' as const, 'tags' as const, 'refused' as const),
  mounts: fc.constantFrom('honoured' as const, 'refused' as const),
  turns: fc.array(fc.nat(4), { minLength: 5, maxLength: 20 }),
});

type Universe = typeof universe extends fc.Arbitrary<infer T> ? T : never;

function build({ promotions, atSources, atDestinations, listing, mounts, turns }: Universe) {
  const registry = new MemoryRegistry({ listing, mounts, pace: paceOf(turns) });
  for (const { where, name, digest, tags } of [...atSources, ...atDestinations]) {
    registry.push(`${where}/${name}`, contentOf(digest), ...tags);
  }
  const manifests = promotions.map(({ source, destinations, images }) =>
    from(source)
      .to(...destinations)
      .promote(...images),
  );
  return { registry, manifests };
}

/** Answers take a few turns each, so that they overtake each other, the same way every time. */
function paceOf(turns: readonly number[]): () => Promise<void> {
  let calls = 0;
  return async () => {
    const count = turns[calls % turns.length] ?? 0;
    calls += 1;
    for (let turn = 0; turn <= count; turn++) await Promise.resolve();
  };
}

function contentOf(digest: Digest): Content {
  const content = CONTENT_OF.get(digest);
  if (content === undefined) throw new Error(`no content has the digest ${digest}`);
  return content;
}

interface Holding {
  readonly digests: Set<Digest>;
  readonly tags: Record<string, Digest>;
}

/** The destinations as set algebra has them: what was there, and M ∩ (S ∪ D), no tag moved or in conflict. */
function expected(registry: MemoryRegistry, manifests: readonly PromoterManifest[]): Map<string, Holding> {
  const holdings = new Map<string, Holding>();
  for (const { repository, list } of expandEdges(manifests).repositories) {
    const digests = new Set(registry.digestsOf(repository));
    const tags = { ...registry.tagsOf(repository) };
    for (const want of list.wants) {
      const free = want.tags.map(({ tag }) => tag).filter((tag) => !(tag in tags));
      const isThere = registry.digestsOf(repository).has(want.digest);
      const isAtSource = want.sources.some((source) => registry.digestsOf(source).has(want.digest));
      if (!isThere && !isAtSource) continue;
      for (const tag of free) tags[tag] = want.digest;
      if (free.length === 0 && want.tagless === undefined) continue;
      for (const { digest } of manifestsOf(contentOf(want.digest))) digests.add(digest);
    }
    holdings.set(repository, { digests, tags });
  }
  return holdings;
}

function holdingsOf(registry: MemoryRegistry, repositories: Iterable<string>): Map<string, Holding> {
  const read = (repository: string) => ({
    digests: new Set(registry.digestsOf(repository)),
    tags: { ...registry.tagsOf(repository) },
  });
  return new Map(Array.from(repositories, (repository) => [repository, read(repository)]));
}

function sourcesOf(registry: MemoryRegistry): unknown {
  const isSource = (name: string) => SOURCES.some((source) => name.startsWith(`${source}/`));
  return Object.entries(registry.snapshot()).filter(([name]) => isSource(name));
}

describe('a promotion in any universe', () => {
  it('makes destinations M ∩ (S ∪ D) and what was there, moves no tag, and leaves sources alone', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { registry, manifests } = build(given);
        const goal = expected(registry, manifests);
        const sources = sourcesOf(registry);
        const planned = await plan(registry, ...manifests);
        const outcomes = await apply(planned);
        expect(outcomes.filter((line) => !line.endsWith(' copied'))).toEqual([]);
        expect(outcomes).toHaveLength(planned.plan.items.filter(isWritable).length);
        expect(holdingsOf(registry, goal.keys())).toEqual(goal);
        expect(sourcesOf(registry)).toEqual(sources);
        expect(registry.openUploads).toBe(0);
      }),
      { seed: 20, numRuns: 150 },
    );
  });

  it('leaves nothing half there, and nothing for a second run', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { registry, manifests } = build(given);
        await apply(await plan(registry, ...manifests));
        for (const { repository } of expandEdges(manifests).repositories) {
          for (const digest of registry.digestsOf(repository))
            expect(registry.isWhole(repository, digest)).toBe(true);
        }
        const after = registry.snapshot();
        const again = await plan(registry, ...manifests);
        expect(again.plan.items.filter(isWritable)).toEqual([]);
        expect(await apply(again)).toEqual([]);
        expect(registry.snapshot()).toEqual(after);
      }),
      { seed: 21, numRuns: 100 },
    );
  });

  it('survives failures at any call: nothing half there, no tag moved, and a later run finishes it', async () => {
    await fc.assert(
      fc.asyncProperty(universe, fc.array(fc.nat(60), { maxLength: 12 }), async (given, faults) => {
        const { registry, manifests } = build(given);
        const goal = expected(registry, manifests);
        const planned = await plan(registry, ...manifests);
        let calls = 0;
        registry.atCall(() => {
          calls += 1;
          return faults.includes(calls) ? new Error('the line is dead') : undefined;
        });
        const outcomes = await apply(planned);
        expect(outcomes).toHaveLength(planned.plan.items.filter(isWritable).length);
        for (const [repository, { digests, tags }] of goal) {
          for (const digest of registry.digestsOf(repository)) {
            expect(digests.has(digest)).toBe(true);
            expect(registry.isWhole(repository, digest)).toBe(true);
          }
          expect(tags).toMatchObject(registry.tagsOf(repository));
        }
        calls = Number.NEGATIVE_INFINITY;
        await apply(await plan(registry, ...manifests));
        expect(holdingsOf(registry, goal.keys())).toEqual(goal);
      }),
      { seed: 22, numRuns: 100 },
    );
  });
});
