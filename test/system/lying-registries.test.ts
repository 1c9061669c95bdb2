import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from '../../src/embedded-registry/embedded-registry.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { image, push } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';
import { LIES, LyingWire, TROUBLES } from '../doubles/lying-wire.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { promoteWith } from './promote-with.ts';

const IMAGES = {
  a: image({ seed: 'a', layers: 1 }),
  b: image({ seed: 'b', layers: 1 }),
  rival: image({ seed: 'rival', layers: 1 }),
};
type ImageKey = keyof typeof IMAGES;

const TAGS = Array.from({ length: 12 }, (_, number) => `v${number}`);
const tag = fc.constantFrom(...TAGS);
const someTags = fc.subarray(TAGS);
const tagged = fc.dictionary(tag, fc.constantFrom('a' as const, 'b' as const), { maxKeys: 12 });

const repository = fc.record({
  there: tagged,
  wanted: tagged,
  lie: fc.constantFrom(...LIES),
  omitted: someTags,
  stale: someTags,
  troubles: fc.dictionary(tag, fc.constantFrom(...TROUBLES)),
  /** Tags that somebody else writes when the first PUT of them has failed. */
  rivals: someTags,
});
type World = typeof repository extends fc.Arbitrary<infer T> ? T : never;

describe('a promotion to registries that lie by omission', () => {
  it('moves no tag that exists, names those that it would have moved, and writes those that are free', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(repository, repository, async (app, other) => {
        const registry = await startEmbeddedRegistry();
        try {
          await promoteAndCheck(registry, { app, 'group/other': other });
        } finally {
          await registry.close();
        }
      }),
      runs({ seed: 31, numRuns: 120 }),
    );
  });
});

async function promoteAndCheck(
  registry: EmbeddedRegistry,
  worlds: Readonly<Record<string, World>>,
): Promise<void> {
  const { host } = registry;
  fill(registry, worlds);
  const rivals = new Set<string>();
  const wire = new LyingWire(
    registry,
    Object.entries(worlds).map(([name, world]) => ({
      ...world,
      name: `prod/${name}`,
      meanwhile: (tag) => {
        if (!world.rivals.includes(tag) || tag in world.there) return;
        push(registry, `prod/${name}`, IMAGES.rival, tag);
        rivals.add(`${name}:${tag}`);
      },
    })),
  );
  const progress = new RecordingProgress();
  progress.begin = (stage) => {
    wire.isStale &&= stage !== 'copy';
  };
  const images = Object.entries(worlds).map(([name, { wanted }]) => [name, dmapOf(wanted)] as const);
  const manifest = from(`${host}/staging`).to(`${host}/prod`).promote(Object.fromEntries(images));
  const report = await promoteWith(wire.client, [manifest], { progress });
  await wire.client.close();

  expect(wire.moved).toEqual([]);
  const edges = Object.entries(worlds).flatMap(([name, { there, wanted }]) =>
    Object.entries(wanted).map(([tag, key]) => {
      const first: ImageKey | undefined = there[tag] ?? (rivals.has(`${name}:${tag}`) ? 'rival' : undefined);
      return { name: `prod/${name}:${tag}`, key, first };
    }),
  );
  const now = tagsOf(registry, worlds);
  for (const { name, key, first } of edges) {
    const item = report.items.find(({ destination }) => destination === `${host}/${name}`);
    expect(now[name], name).toBe(digestOf(first ?? key));
    if (first === undefined || first === key) expect(item?.outcome ?? 'copied', item?.reason).toBe('copied');
    else expect(item?.reason, name).toContain(`${digestOf(first)}, not ${digestOf(key)}: tag moves are not`);
  }
  const isStopped = edges.some(({ key, first }) => first !== undefined && first !== key);
  expect(exitCodeOf(report, { allowLost: false })).toBe(isStopped ? 1 : 0);
  for (const [name, { there }] of Object.entries(worlds)) {
    for (const [tag, key] of Object.entries(there)) expect(now[`prod/${name}:${tag}`]).toBe(digestOf(key));
  }
}

function fill(registry: EmbeddedRegistry, worlds: Readonly<Record<string, World>>): void {
  for (const [name, { there }] of Object.entries(worlds)) {
    for (const content of Object.values(IMAGES)) push(registry, `staging/${name}`, content);
    for (const [tag, key] of Object.entries(there)) push(registry, `prod/${name}`, IMAGES[key], tag);
  }
}

function tagsOf({ store }: EmbeddedRegistry, worlds: object): Readonly<Record<string, string | undefined>> {
  const names = Object.keys(worlds).flatMap((name) => TAGS.map((tag) => [`prod/${name}`, tag] as const));
  return Object.fromEntries(names.map(([name, tag]) => [`${name}:${tag}`, store.resolveTag(name, tag)]));
}

function digestOf(key: ImageKey): string {
  return IMAGES[key].manifest.digest;
}

function dmapOf(wanted: World['wanted']): Record<string, string[]> {
  const dmap: Record<string, string[]> = {};
  for (const [tag, key] of Object.entries(wanted)) (dmap[digestOf(key)] ??= []).push(tag);
  return dmap;
}
