import * as fc from 'fast-check';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Want } from '../../src/edges/wanted.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { type Content, manifestsOf } from '../builders/content.ts';
import { foreignLayerImage, image, layer, multiArch, nestedIndex } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';

const BASE = layer('base');
/** They share layers, but no manifest is below two of them. */
export const CONTENTS: readonly Content[] = [
  image({ seed: 'one', layers: [BASE, layer('one')] }),
  image({ seed: 'two', layers: [BASE, layer('two')] }),
  multiArch('three', { platforms: 2 }),
  nestedIndex('four'),
  foreignLayerImage('five'),
];
const CONTENT_OF = new Map(CONTENTS.map((content) => [content.manifest.digest, content]));
const DIGESTS = Array.from(CONTENT_OF.keys());

/** The last one is on the host of destinations, and destinations are nested. */
export const SOURCES = ['s.io/one', 's.io/two', 'p.io/staging'];
export const DESTINATIONS = ['p.io/p', 'p.io/p/group', 'q.io/p'];
export const NAMES = ['app', 'group/app'];
export const DESTINATION_REPOSITORIES = DESTINATIONS.flatMap((registry) =>
  NAMES.map((name) => `${registry}/${name}`),
);
export const TAGS = ['v1', 'v2', 'v3'];

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

/** Turns that the answers take, one after the other and again from the first. */
export const pace = fc.array(fc.nat(4), { minLength: 5, maxLength: 20 });

/** Registries that hold something, and manifests that want something of it; only `build` makes anything of them. */
export const universe = fc.record({
  promotions,
  atSources: pushes(SOURCES),
  atDestinations: pushes(DESTINATIONS),
  listing: fc.constantFrom('google' as const, 'tags' as const, 'refused' as const),
  mounts: fc.constantFrom('honoured' as const, 'refused' as const),
  turns: pace,
});

export type Universe = typeof universe extends fc.Arbitrary<infer T> ? T : never;

export function build({ promotions, atSources, atDestinations, listing, mounts, turns }: Universe) {
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

export function contentOf(digest: Digest): Content {
  const content = CONTENT_OF.get(digest);
  if (content === undefined) throw new Error(`no content has the digest ${digest}`);
  return content;
}

export interface Holding {
  readonly digests: Set<Digest>;
  readonly tags: Record<string, Digest>;
}

/** The destinations as set algebra has them: what was there, and M ∩ (S ∪ D), no tag moved or in conflict. D is what all
 * destinations of the same manifests have. */
export function expected(
  registry: MemoryRegistry,
  manifests: readonly PromoterManifest[],
): Map<string, Holding> {
  const holdings = new Map<string, Holding>();
  const isObtainable = obtainable(registry, manifests);
  for (const { repository, list } of expandEdges(manifests).repositories) {
    const digests = new Set(registry.digestsOf(repository));
    const tags = { ...registry.tagsOf(repository) };
    for (const want of list.wants) {
      const free = want.tags.map(({ tag }) => tag).filter((tag) => !(tag in tags));
      const isThere = registry.digestsOf(repository).has(want.digest);
      if (!isThere && !isObtainable(want)) continue;
      for (const tag of free) tags[tag] = want.digest;
      if (free.length === 0 && want.tagless === undefined) continue;
      for (const { digest } of manifestsOf(contentOf(want.digest))) digests.add(digest);
    }
    holdings.set(repository, { digests, tags });
  }
  return holdings;
}

/** Whether a source has a digest, a sibling has it, or a sibling can get it. */
function obtainable(
  registry: MemoryRegistry,
  manifests: readonly PromoterManifest[],
): (want: Want, seen?: ReadonlySet<string>) => boolean {
  const { repositories } = expandEdges(manifests);
  const has = (where: string, { digest }: Want) => registry.digestsOf(where).has(digest);
  const isGotBy = (where: string, { tags, tagless }: Want) =>
    tagless !== undefined || tags.some(({ tag }) => !(tag in registry.tagsOf(where)));
  return function isObtainable(want, seen = new Set()): boolean {
    if ([...want.sources, ...want.siblings].some((where) => has(where, want))) return true;
    const next = new Set([...seen, ...want.siblings]);
    return repositories
      .filter(({ repository }) => want.siblings.includes(repository) && !seen.has(repository))
      .flatMap(({ repository, list }) =>
        list.wants.filter((one) => one.digest === want.digest && isGotBy(repository, one)),
      )
      .some((one) => isObtainable(one, next));
  };
}

export function holdingsOf(registry: MemoryRegistry, repositories: Iterable<string>): Map<string, Holding> {
  const read = (repository: string) => ({
    digests: new Set(registry.digestsOf(repository)),
    tags: { ...registry.tagsOf(repository) },
  });
  return new Map(Array.from(repositories, (repository) => [repository, read(repository)]));
}

export function sourcesOf(registry: MemoryRegistry): unknown {
  return Object.entries(registry.snapshot()).filter(([name]) => isSource(name));
}

export function isSource(repository: string): boolean {
  return SOURCES.some((source) => repository.startsWith(`${source}/`));
}
