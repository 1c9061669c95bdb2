import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { isWritable } from '../../src/plan/plan.ts';
import { runs } from '../builders/property-runs.ts';
import { apply, plan } from './promoting.ts';
import { build, expected, holdingsOf, sourcesOf, universe } from './universe.ts';

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
      runs({ seed: 20, numRuns: 150 }),
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
      runs({ seed: 21, numRuns: 100 }),
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
      runs({ seed: 22, numRuns: 100 }),
    );
  });
});
