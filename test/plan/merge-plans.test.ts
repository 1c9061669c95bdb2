// Covers src/plan/plan-unread.ts

import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { subtractWanted, type Wanted } from '../../src/edges/wanted.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { mergePlans } from '../../src/plan/merge-plans.ts';
import { planUnread } from '../../src/plan/plan-unread.ts';
import { inventory } from '../builders/inventories.ts';
import { digest, from } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');

const WANTED = expandEdges([
  from('s.io/s')
    .to('p.io/p', 'q.io/q', 'a.io/a')
    .promote({ app: { [A]: ['v1'], [B]: ['v2'] }, 'app-x': { [A]: ['v1'] } }, { app: { [A]: ['v2'] } }),
]);
const THERE = inventory(
  {
    'p.io/p/app': { tags: { v1: A } },
    'p.io/p/app-x': {},
    'q.io/q/app': { tags: { v1: B } },
    'q.io/q/app-x': 'silent',
    'a.io/a/app': {},
    'a.io/a/app-x': { digests: [A] },
  },
  { 's.io/s/app': [A, B], 's.io/s/app-x': [A] },
);

function partOf(wanted: Wanted, isPart: (index: number) => boolean): Wanted {
  const others = wanted.repositories.filter((_, index) => !isPart(index));
  return subtractWanted(wanted, { ...wanted, repositories: others });
}

describe('plans of parts', () => {
  it.each([
    ['two halves', 2],
    ['every repository for itself', WANTED.repositories.length],
    ['one part', 1],
  ])('are together the plan of the whole: %s', (_, count) => {
    const parts = Array.from({ length: count }, (__, part) =>
      partOf(WANTED, (index) => index % count === part),
    );
    const merged = mergePlans(parts.map((part) => makePlan(part, THERE)).toReversed());
    const whole = makePlan(WANTED, THERE);
    expect(merged).toEqual(whole);
    expect(Array.from(merged.hosts.keys())).toEqual(['a.io', 'p.io', 'q.io']);
    expect(merged.items.map(({ destination }) => destination)).toEqual(
      whole.items.map(({ destination }) => destination),
    );
    expect(merged.newRepositories.size).toBe(2);
  });

  it('of no parts is a plan of nothing', () => {
    expect(mergePlans([])).toEqual(makePlan({ repositories: [], edges: 0 }, THERE));
  });
});

describe('the plan of what a stopped run has not come to', () => {
  it('has the conflicts, and says of every other edge that nobody looked', () => {
    const plan = planUnread(WANTED);
    expect(plan.counts).toMatchObject({ conflict: 6, unreadable: 6, copy: 0, lost: 0, present: 0 });
    for (const item of plan.items) {
      if (item.decision === 'conflict') continue;
      expect(item).toMatchObject({
        decision: 'unreadable',
        reason: 'destination: not looked at, because the run was stopped before',
      });
    }
  });
});
