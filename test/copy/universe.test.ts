import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { isDigest } from '../../src/image/digest.ts';
import { formatReference } from '../../src/image/reference.ts';
import { isWritable, type PlanItem } from '../../src/plan/plan.ts';
import { makeReport, type ReportInput } from '../../src/report/make-report.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { manifestsOf } from '../builders/content.ts';
import { kept } from '../builders/kept.ts';
import { runs } from '../builders/property-runs.ts';
import type { Verb } from '../doubles/memory-registry.ts';
import { apply, carryOut, plan } from './promoting.ts';
import {
  build,
  contentOf,
  DESTINATION_REPOSITORIES,
  expected,
  type Holding,
  holdingsOf,
  isSource,
  pace,
  sourcesOf,
  universe,
} from './universe.ts';

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

  it('writes nothing before all that it names is there, nothing twice, and nothing at a source', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { registry, manifests } = build(given);
        await apply(await plan(registry, ...manifests));
        const writes = registry.calls.filter(({ verb }) => WRITES.includes(verb));
        expect(writes.filter(({ repository }) => isSource(repository))).toEqual([]);
        // the registry refuses what is not whole, and what is refused is put again
        const done = registry.log({ verb: 'put' }).concat(registry.log({ verb: 'finish' }));
        expect(done.toSorted()).toEqual(Array.from(new Set(done)).toSorted());
        for (const [place, { verb, repository, what }] of registry.calls.entries()) {
          if (verb !== 'put' || isDigest(what)) continue;
          const below = manifestsOf(contentOf(registry.tagsOf(repository)[what]!)).slice(0, -1);
          const later = registry.calls.slice(place).filter((call) => call.repository === repository);
          const late = later.filter((call) => below.some(({ digest }) => digest === call.what));
          expect(late.filter((call) => call.verb === 'put')).toEqual([]);
        }
      }),
      runs({ seed: 25, numRuns: 100 }),
    );
  });

  it('is planned the same whatever the order of manifests, answers and earlier pushes', async () => {
    await fc.assert(
      fc.asyncProperty(universe, pace, async (given, turns) => {
        const one = build(given);
        const other = build({
          ...given,
          turns,
          atSources: given.atSources.toReversed(),
          atDestinations: pushedLast(given.atDestinations),
        });
        const planned = await plan(one.registry, ...one.manifests);
        const again = await plan(other.registry, ...other.manifests.toReversed());
        expect(again.plan.items.map(decisionOf)).toEqual(planned.plan.items.map(decisionOf));
        expect({ ...again.plan, items: [] }).toEqual({ ...planned.plan, items: [] });
      }),
      runs({ seed: 26, numRuns: 150 }),
    );
  });

  it('is reported as the registries have seen it, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(universe, fc.array(fc.nat(60), { maxLength: 12 }), async (given, faults) => {
        const { registry, manifests } = build(given);
        const wanted = expandEdges(manifests);
        const before = holdingsOf(registry, DESTINATION_REPOSITORIES);
        const planned = await plan(registry, ...manifests);
        let calls = 0;
        registry.atCall(() => {
          calls += 1;
          return faults.includes(calls) ? new Error('the line is dead') : undefined;
        });
        const outcomes = await carryOut(planned);
        const report = reportOf({ plan: planned.plan, outcomes, edges: wanted.edges });
        const after = holdingsOf(registry, DESTINATION_REPOSITORIES);
        const copied = report.items.filter(({ outcome }) => outcome === 'copied');
        expect(copied).toHaveLength(report.summary.copied);
        expect(report.summary.copied + report.summary.failed).toBe(
          report.summary.copy + report.summary['add-tag'],
        );
        const tagged = copied.flatMap(({ destination, digest }) =>
          destination?.includes('@') ? [] : [`${destination} ${digest}`],
        );
        expect(tagged).toEqual(addedTags(before, after));
        for (const { destination } of copied) {
          const [repository = '', digest] = destination?.split('@') ?? [];
          if (digest !== undefined)
            expect(Array.from(after.get(repository)?.digests ?? [])).toContain(digest);
        }
      }),
      runs({ seed: 27, numRuns: 100 }),
    );
  });
});

const WRITES: readonly Verb[] = ['mount', 'start', 'finish', 'cancel', 'put'];

/** The order in which tags were pushed decides what they are, so only pushes that share no tag change places. */
function pushedLast<T extends { readonly tags: readonly string[] }>(pushes: readonly T[]): T[] {
  const isTagless = ({ tags }: T) => tags.length === 0;
  return [...pushes.filter((push) => !isTagless(push)), ...pushes.filter(isTagless)];
}

function decisionOf({ decision, destination, tag, digest }: PlanItem): string {
  return `${decision} ${formatReference(destination, tag ?? digest)} ${digest}`;
}

function reportOf({
  plan,
  outcomes,
  edges,
}: Pick<ReportInput, 'plan' | 'outcomes' | 'edges'>): PromotionReport {
  const report = makeReport({
    mode: 'promotion',
    startedAt: 0,
    durationMs: 0,
    stopped: false,
    manifests: { projects: 0, images: 0, digests: 0 },
    edges,
    plan,
    outcomes,
    problems: [],
    readings: new Map(),
    traffic: new Map(),
  });
  return kept(report);
}

/** Tags that were not there before, as `repository:tag digest`, sorted. */
function addedTags(before: ReadonlyMap<string, Holding>, after: ReadonlyMap<string, Holding>): string[] {
  const added = Array.from(after, ([repository, { tags }]) =>
    Object.entries(tags)
      .filter(([tag]) => before.get(repository)?.tags[tag] === undefined)
      .map(([tag, digest]) => `${repository}:${tag} ${digest}`),
  );
  return added.flat().toSorted();
}
