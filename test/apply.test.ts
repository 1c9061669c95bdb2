// Covers src/plan/refresh-plan.ts
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReference } from '../src/image/reference.ts';
import { edgeId, isWritable } from '../src/plan/plan.ts';
import type { PlanFile } from '../src/plan/plan-codec.ts';
import { mergeReports } from '../src/report/merge-reports.ts';
import type { PromotionReport } from '../src/report/report.ts';
import { applyIn, planFileOf, promoteIn } from './builders/applying.ts';
import { manifestsOf } from './builders/content.ts';
import { image } from './builders/images.ts';
import { from } from './builders/manifests.ts';
import { runs } from './builders/property-runs.ts';
import { build, contentOf, isSource, universe } from './copy/universe.ts';
import { MemoryRegistry } from './doubles/memory-registry.ts';

const WRITES = new Set(['mount', 'start', 'finish', 'cancel', 'put']);

describe('a plan file, in any universe', () => {
  it('ends where a promotion ends', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const [one, other] = [build(given), build(given)];
        await promoteIn(other.registry, other.manifests, { confirm: true });
        await applyIn(one.registry, await planFileOf(one.registry, one.manifests));
        expect(one.registry.snapshot()).toEqual(other.registry.snapshot());
      }),
      runs({ seed: 141, numRuns: 100 }),
    );
  });

  it('ends where one whole run ends, after a crash at any request, in any order of shards, any number of times', async () => {
    const crashes = fc.array(fc.nat(60), { maxLength: 4 });
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    await fc.assert(
      fc.asyncProperty(universe, crashes, order, async (given, crashesAt, shards) => {
        const [one, whole] = [build(given), build(given)];
        const file = await planFileOf(one.registry, one.manifests);
        await applyIn(whole.registry, await planFileOf(whole.registry, whole.manifests));
        let left = Number.POSITIVE_INFINITY;
        one.registry.atCall(() => (left-- > 0 ? undefined : new Error('the process is gone')));
        for (const [index, crashAt] of crashesAt.entries()) {
          left = crashAt;
          await applyIn(one.registry, file, { shard: { index: index % 3, count: 3 } });
        }
        left = Number.POSITIVE_INFINITY;
        const parts: PromotionReport[] = [];
        for (const index of shards) {
          parts.push(await applyIn(one.registry, file, { shard: { index, count: 3 } }));
        }
        expect(one.registry.snapshot()).toEqual(whole.registry.snapshot());
        const named = parts.map((report) => ({ name: `${report.shard?.index}.json`, report }));
        expect(mergeReports(named).summary).toMatchObject({ edges: file.plan.items.length, failed: 0 });
        one.registry.calls.length = 0;
        await applyIn(one.registry, file);
        expect(one.registry.calls.filter(({ verb }) => WRITES.has(verb))).toEqual([]);
      }),
      runs({ seed: 142, numRuns: 150 }),
    );
  });

  it('writes nothing that is not in it, and reads from no repository that it does not name', async () => {
    await fc.assert(
      fc.asyncProperty(universe, universe, async (given, later) => {
        const { registry, manifests } = build(given);
        const file = await planFileOf(registry, manifests);
        // meanwhile somebody promotes something else
        for (const { where, name, digest, tags } of later.atDestinations) {
          registry.push(`${where}/${name}`, contentOf(digest), ...tags);
        }
        await applyIn(registry, file);
        const planned = plannedIn(file);
        const writes = registry.calls.filter(({ verb }) => WRITES.has(verb));
        expect(writes.filter(({ repository }) => isSource(repository))).toEqual([]);
        const puts = writes.filter(({ verb }) => verb === 'put');
        const unplanned = puts.filter(
          ({ repository, what }) =>
            !planned.puts.has(`${repository}${what.includes(':') ? '@' : ':'}${what}`),
        );
        expect(unplanned).toEqual([]);
        const strangers = registry.calls.filter(({ repository }) => !planned.repositories.has(repository));
        expect(strangers).toEqual([]);
      }),
      runs({ seed: 143, numRuns: 150 }),
    );
  });
});

/** The manifests that a plan wants put, those below indexes included, and the repositories that it names. */
function plannedIn({ plan }: PlanFile) {
  const puts = new Set<string>();
  const repositories = new Set<string>();
  for (const item of plan.items.filter(isWritable)) {
    puts.add(edgeId(item));
    for (const { digest } of manifestsOf(contentOf(item.digest))) {
      puts.add(formatReference(item.destination, digest));
    }
    for (const name of [item.destination, ...item.sources, ...item.siblings]) repositories.add(name);
  }
  return { puts, repositories };
}

const APP = image({ seed: 'app' });
const OTHER = image({ seed: 'other' });
const MANIFESTS = [
  from('s.io/s')
    .to('p.io/p', 'q.io/p')
    .promote({ app: { [APP.manifest.digest]: ['v1', 'v2'] } }),
];

async function planned() {
  const registry = new MemoryRegistry();
  registry.push('s.io/s/app', APP);
  return { registry, file: await planFileOf(registry, MANIFESTS) };
}

describe('an edge of a plan file', () => {
  it('that is present by now is counted so, and not written', async () => {
    const { registry, file } = await planned();
    registry.push('p.io/p/app', APP, 'v1');
    const { summary, plan } = await applyIn(registry, file);
    expect(summary).toMatchObject({ edges: 4, present: 1, 'add-tag': 1, copy: 2, copied: 3 });
    expect(plan).toBe(file.digest);
    expect(registry.count({ verb: 'put', what: 'v1' })).toBe(1);
  });

  it('that would move a tag by now is refused, and no other', async () => {
    const { registry, file } = await planned();
    registry.push('p.io/p/app', OTHER, 'v1');
    const { items, summary } = await applyIn(registry, file);
    expect(summary).toMatchObject({ 'tag-move': 1, copied: 3 });
    expect(items.filter(({ outcome }) => outcome !== 'copied')).toMatchObject([
      { decision: 'tag-move', destination: 'p.io/p/app:v1', at: expect.stringMatching(/^m\.yaml:\d+:\d+$/) },
    ]);
    expect(registry.tagsOf('p.io/p/app')).toMatchObject({ v1: OTHER.manifest.digest });
  });

  it('whose source is gone by now is lost', async () => {
    const { registry, file } = await planned();
    registry.deleteManifest('s.io/s/app', APP.manifest.digest);
    const { summary } = await applyIn(registry, file);
    expect(summary).toMatchObject({ lost: 4, copied: 0 });
  });

  it('whose digest is at the destination no more is copied again', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', APP);
    registry.push('p.io/p/app', APP, 'v1');
    registry.push('q.io/p/app', APP, 'v1', 'v2');
    const file = await planFileOf(registry, MANIFESTS);
    expect(file.plan.counts).toMatchObject({ present: 3, 'add-tag': 1 });
    registry.deleteManifest('p.io/p/app', APP.manifest.digest);
    expect((await applyIn(registry, file)).summary).toMatchObject({ edges: 1, copy: 1, copied: 1 });
    expect(Object.keys(registry.tagsOf('p.io/p/app'))).toEqual(['v2']);
  });

  it('that was blocked, or lost, when the plan was made stays so', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', APP);
    const wanted = [
      ...MANIFESTS,
      from('s.io/s')
        .to('p.io/p')
        .promote({ other: { [OTHER.manifest.digest]: ['v1'] } }),
    ];
    const file = await planFileOf(registry, wanted, { maxImageSize: 1 });
    expect(file.plan.counts).toMatchObject({ blocked: 4, lost: 1 });
    registry.push('s.io/s/other', OTHER);
    const report = await applyIn(registry, file);
    expect(report.summary).toMatchObject({ blocked: 4, lost: 1, copied: 0 });
    expect(report.findings).toMatchObject([{ rule: 'max-image-size', level: 'error' }]);
    expect(registry.count()).toBe(0);
  });
});

describe('a plan file', () => {
  it('without confirmation tells what is still to do, and writes nothing', async () => {
    const { registry, file } = await planned();
    registry.push('p.io/p/app', APP, 'v1', 'v2');
    const before = registry.snapshot();
    const report = await applyIn(registry, file, { confirm: false });
    expect(report).toMatchObject({ mode: 'dry-run', summary: { edges: 4, present: 2, copy: 2 } });
    expect(registry.snapshot()).toEqual(before);
  });

  it('is not kept of a run that was stopped', async () => {
    const registry = new MemoryRegistry();
    const stop = new AbortController();
    stop.abort();
    await expect(planFileOf(registry, MANIFESTS, {}, { stopping: stop.signal })).rejects.toThrow('no plan');
  });

  it('of one shard is reported as that shard', async () => {
    const { registry } = await planned();
    const parts = await Promise.all(
      [0, 1].map(async (index) => {
        const file = await planFileOf(registry, MANIFESTS, { shard: { index, count: 2 } });
        return { name: `${index}.json`, report: await applyIn(registry, file) };
      }),
    );
    const merged = mergeReports(parts);
    expect(merged).toMatchObject({ summary: { edges: 4, copied: 4 }, shards: [{ index: 0 }, { index: 1 }] });
    expect(merged.plan).toBeUndefined();
  });

  it('is not merged with another, and a missing shard is named', async () => {
    const { registry, file } = await planned();
    const other = await planFileOf(registry, MANIFESTS.slice(0, 1), { maxImageSize: 1 });
    const partOf = async (one: PlanFile, index: number) => ({
      name: `${index}.json`,
      report: await applyIn(registry, one, { shard: { index, count: 2 }, confirm: false }),
    });
    const [a, b] = [await partOf(file, 0), await partOf(other, 1)];
    expect(() => mergeReports([a, b])).toThrow(/"0\.json" and "1\.json" .*: their plans are different ones/);
    expect(() => mergeReports([a])).toThrow(/1 of 2 shards missing: 1\/2/);
    expect(mergeReports([a, await partOf(file, 1)])).toMatchObject({
      plan: file.digest,
      summary: { edges: 4 },
    });
  });

  it('keeps the accounts of the manifests, and reads the commit only for a plan that is kept', async () => {
    const registry = new MemoryRegistry();
    const [manifest] = MANIFESTS;
    if (manifest === undefined) throw new Error('no manifest');
    const bound = {
      ...manifest,
      source: { ...manifest.source, serviceAccount: 'reader@p.iam.gserviceaccount.com' },
    };
    const tree = { revision: () => Promise.resolve({ commit: '4f2c', dirty: true }) };
    const { plan } = await planFileOf(registry, [bound], {}, { tree });
    expect(plan.accounts).toEqual([{ registry: 's.io/s', account: 'reader@p.iam.gserviceaccount.com' }]);
    expect(plan.origin).toMatchObject({ tool: 'test', revision: { commit: '4f2c', dirty: true } });
  });
});
