// Covers src/checks/block-edges.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockEdges } from '../../src/checks/block-edges.ts';
import { incompleteSource } from '../../src/checks/incomplete-source.ts';
import { edgeId, isWritable, type PlanItem } from '../../src/plan/plan.ts';
import {
  blobsOf,
  buildCache,
  image,
  index,
  layer,
  manifestsOf,
  nondistributableImage,
} from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';
import { carryOut, plan } from '../copy/promoting.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { checkPlanned } from './checking.ts';

const LAYERS = ['a', 'b', 'c'].map((seed) => layer(seed));
const IMAGES = [[0], [0, 1], [1, 2], [2]].map((layers, number) =>
  image({ seed: `image ${number}`, layers: layers.flatMap((at) => LAYERS[at] ?? []) }),
);
const [first, second, third] = IMAGES;
const INDEXES = [[first, second], [second, third], [third]].map((children) =>
  index({ children: children.filter((child) => child !== undefined) }),
);
const OUTER = index({ children: INDEXES.slice(0, 2) });
const ALL = [...IMAGES, ...INDEXES, OUTER, buildCache('cache'), nondistributableImage('windows')];
const LOSABLE = Array.from(
  new Set([...ALL.flatMap(manifestsOf), ...ALL.flatMap(blobsOf)].map(({ digest }) => digest)),
);

const CONTENTS = ALL.map((_, number) => number);

/** Numbers of wanted images, of digests that the source has lost and of images that the second destination has. */
const WORLD = fc.record({
  wanted: fc.subarray(CONTENTS, { minLength: 1 }),
  lost: fc.subarray(Array.from(LOSABLE.keys()), { maxLength: 4 }),
  to: fc.constantFrom(['p.io/p', 'q.io/q'], ['s.io/p', 'q.io/q'], ['p.io/p', 'p.io/q']),
  listing: fc.constantFrom('google', 'tags'),
});
const THERE = fc.subarray(Array.from(IMAGES.keys()));

/** The edges that a dry run blocks, and those at which a promotion then fails. */
async function dryRunAndPromote(
  { wanted, lost, to, listing }: typeof WORLD extends fc.Arbitrary<infer World> ? World : never,
  there: readonly number[],
) {
  const registry = new MemoryRegistry({ listing });
  const contents = ALL.filter((_, number) => wanted.includes(number));
  for (const content of contents) registry.push('s.io/s/app', content);
  for (const digest of LOSABLE.filter((_, number) => lost.includes(number)))
    registry.lose('s.io/s/app', digest);
  for (const content of IMAGES.filter((_, number) => there.includes(number))) {
    registry.push(`${to[1]}/app`, content, 'old');
  }
  const tags = contents.map(({ manifest }, number) => [manifest.digest, [`v${number}`]] as const);
  const manifest = from('s.io/s')
    .to(...to)
    .promote({ app: Object.fromEntries(tags) });
  const planned = await plan(registry, manifest);
  const { findings } = await checkPlanned([incompleteSource('all')], planned);
  const outcomes = await carryOut(planned);
  const isFailed = (item: PlanItem) => isWritable(item) && outcomes.get(edgeId(item))?.result !== 'copied';
  return {
    blocked: names(blockEdges(planned.plan, findings).items.filter(({ decision }) => decision === 'blocked')),
    failed: names(planned.plan.items.filter(isFailed)),
  };
}

function names(items: readonly PlanItem[]): string[] {
  return items.map(edgeId);
}

const RUNS = { seed: 20261128, numRuns: 300 };

describe('a dry run of images that share content, with some of it lost at the source', () => {
  it('blocks exactly the images whose promotion to empty destinations fails', async () => {
    const property = fc.asyncProperty(WORLD, async (world) => {
      const { blocked, failed } = await dryRunAndPromote(world, []);
      expect(blocked).toEqual(failed);
    });
    await fc.assert(property, runs(RUNS));
  });

  it('blocks all that a promotion fails at, whatever the destinations have', async () => {
    const property = fc.asyncProperty(WORLD, THERE, async (world, there) => {
      const { blocked, failed } = await dryRunAndPromote(world, there);
      expect(blocked).toEqual(expect.arrayContaining(failed));
    });
    await fc.assert(property, runs(RUNS));
  });
});
