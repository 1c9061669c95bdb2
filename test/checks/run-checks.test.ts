import { describe, expect, it } from 'vitest';
import { blockEdges } from '../../src/checks/block-edges.ts';
import type { Finding } from '../../src/checks/rule.ts';
import type { ManifestRule, PlanRule } from '../../src/checks/rule.ts';
import { checkManifests, runChecks } from '../../src/checks/run-checks.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { edgeId, isWritable, type Plan } from '../../src/plan/plan.ts';
import { inventory } from '../builders/inventories.ts';
import { digest, from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const A = digest('a');

/** Two edges to write at each of two hosts, one that is present and one that is a tag-move. */
function planned(): Plan {
  const manifest = from('s.io/s')
    .to('p.io/p', 'q.io/q')
    .promote({ app: { [A]: ['v1', 'v2'] }, old: { [A]: ['v1'] }, moved: { [A]: ['v1'] } });
  const there = Object.fromEntries(
    ['p.io/p', 'q.io/q'].flatMap((name) => [
      [`${name}/app`, { digests: [] }],
      [`${name}/old`, { tags: { v1: A } }],
      [`${name}/moved`, { tags: { v1: digest('b') } }],
    ]),
  );
  return makePlan(expandEdges([manifest]), inventory(there, { 's.io/s/app': [A] }));
}

function finding(changes: Partial<Finding>): Finding {
  return { rule: 'rule', level: 'error', message: 'odd', at: undefined, edges: [], ...changes };
}

describe('an error', () => {
  it('blocks its own edges and no others, and counts them', () => {
    const plan = planned();
    const edges = ['p.io/p/app:v2'];
    const blocked = blockEdges(plan, [finding({ edges })]);
    expect(blocked.counts).toEqual({ ...plan.counts, copy: 3, blocked: 1 });
    expect(blocked.hosts['p.io']).toEqual({ ...plan.hosts['p.io'], copy: 1, blocked: 1 });
    expect(blocked.hosts['q.io']).toEqual(plan.hosts['q.io']);
    const decisions = blocked.items.map(({ decision }) => decision);
    expect(decisions.toSorted()).toEqual(['blocked', 'copy', 'copy', 'copy', 'tag-move', 'tag-move']);
    expect(blocked.items.find(({ decision }) => decision === 'blocked')).toMatchObject({
      destination: 'p.io/p/app',
      tag: 'v2',
      reason: 'odd [rule]',
    });
    expect(plan.counts.blocked).toBe(0);
  });

  it('says each reason of an edge that several errors concern', () => {
    const plan = planned();
    const edges = plan.items.filter(isWritable).slice(0, 1).map(edgeId);
    const findings = [finding({ edges }), finding({ rule: 'other', message: 'bad', edges })];
    const { items, counts } = blockEdges(plan, findings);
    expect(items.find(({ decision }) => decision === 'blocked')).toMatchObject({
      reason: 'odd [rule]; bad [other]',
    });
    expect(counts.blocked).toBe(1);
  });

  it('leaves an edge as it is that needs no write', () => {
    const plan = planned();
    const edges = plan.items.filter(({ decision }) => decision === 'tag-move').map(edgeId);
    const { items, counts } = blockEdges(plan, [finding({ edges })]);
    expect({ items, counts }).toEqual({ items: plan.items, counts: plan.counts });
  });
});

it('a warning blocks nothing', () => {
  const plan = planned();
  expect(blockEdges(plan, [finding({ level: 'warn', edges: plan.items.map(edgeId) })])).toBe(plan);
});

describe('rules', () => {
  const registry = new MemoryRegistry();
  const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 1 };
  const reporting = (name: string): PlanRule => ({
    name,
    level: 'warn',
    check: async (_plan, { report }) => report({ message: 'odd', at: undefined, edges: [] }),
  });

  it('run one after the other, and their findings have their names', async () => {
    const findings = await runChecks(
      [reporting('first'), reporting('second')],
      planned(),
      ports,
      new AbortController().signal,
    );
    expect(findings.map(({ rule }) => rule)).toEqual(['first', 'second']);
  });

  it('keep their findings when the run is stopped, and no further one runs', async () => {
    const stopping = new AbortController();
    const stopped: PlanRule = {
      name: 'stopped',
      level: 'warn',
      check: async (plan, context, signal) => {
        await reporting('').check(plan, context, signal);
        stopping.abort();
        signal.throwIfAborted();
      },
    };
    const findings = await runChecks([stopped, reporting('next')], planned(), ports, stopping.signal);
    expect(findings.map(({ rule }) => rule)).toEqual(['stopped']);
  });

  it('give their findings their level, and a remark stays a warning', async () => {
    const signal = new AbortController().signal;
    const rule: PlanRule = {
      name: 'strict',
      level: 'error',
      check: async (_plan, { report }) => {
        report({ message: 'wrong', at: undefined, edges: [] });
        report({ level: 'warn', message: 'a remark', at: undefined, edges: [] });
      },
    };
    const findings = await runChecks([rule], planned(), ports, signal);
    expect(findings.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'error wrong',
      'warn a remark',
    ]);
  });

  it('about manifests block the edges of their errors', () => {
    const rule: ManifestRule = {
      name: 'named',
      level: 'error',
      check: () => [{ message: 'odd', at: undefined, concerns: ({ tag }) => tag === 'v1' }],
    };
    const plan = planned();
    const blocked = plan.items.filter((item) => isWritable(item) && item.tag === 'v1').map(edgeId);
    expect(blocked).not.toEqual([]);
    expect(checkManifests([rule], [], plan)[0]?.edges).toEqual(blocked);
    expect(checkManifests([{ ...rule, level: 'warn' }], [], plan)[0]?.edges).toEqual([]);
    expect(checkManifests([rule], [])[0]?.edges).toEqual([]);
  });

  it('that fail for another reason fail the run', async () => {
    const broken: PlanRule = {
      name: 'broken',
      level: 'warn',
      check: () => Promise.reject(new Error('a mistake')),
    };
    const signal = new AbortController().signal;
    await expect(runChecks([broken], planned(), ports, signal)).rejects.toThrow('a mistake');
  });
});
