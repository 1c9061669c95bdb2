import { HOST_FAULTS, type HostFault } from '../../src/base/host-fault.ts';
import * as fc from 'fast-check';
import { sortedBy } from '../../src/base/sorted.ts';
import { countPlan } from '../../src/plan/count-plan.ts';
import { encodePlan } from '../../src/plan/plan-codec.ts';
import type { CopyItem, PlanItem } from '../../src/plan/plan.ts';
import type { RecordedPlan } from '../../src/plan/recorded-plan.ts';
import { sortItems } from '../../src/plan/sort-items.ts';
import { digest, registryName, repository, tag } from './manifests.ts';

const digests = fc.constantFrom('a', 'b', 'c').map(digest);
const repositories = fc
  .constantFrom('a.io/p/app', 'b.io:5000/app', 's.io/s/app', 'eu.example/x/y/z')
  .map((name) => repository(name));
const lists = fc.array(repositories, { maxLength: 3 });
const place = fc.record({ file: fc.string(), line: fc.nat({ max: 999 }), column: fc.nat({ max: 99 }) });
const places = fc.array(place, { minLength: 1, maxLength: 2 });
const base = {
  destination: repositories,
  tag: fc.option(fc.constantFrom('v1', 'latest').map(tag), { nil: undefined }),
  digest: digests,
  sources: lists,
  at: places,
};
const optional = { noNullPrototype: true } as const;
const text = fc.string();
const faults: fc.Arbitrary<HostFault> = fc.record(
  { kind: fc.constantFrom(...HOST_FAULTS), host: text, message: text, identity: text, remedy: text },
  { requiredKeys: ['kind', 'host', 'message'], noNullPrototype: true },
);
const items: fc.Arbitrary<PlanItem> = fc.oneof(
  fc.record({ ...base, decision: fc.constant('present' as const) }),
  fc.record({ ...base, decision: fc.constant('copy' as const), siblings: lists }),
  fc.record(
    { ...base, decision: fc.constant('copy' as const), siblings: lists, sourceFault: text },
    optional,
  ),
  fc.record({ ...base, decision: fc.constant('add-tag' as const), siblings: lists }),
  fc.record({ ...base, decision: fc.constant('tag-move' as const), found: digests }),
  fc.record({ ...base, decision: fc.constant('lost' as const) }),
  fc.record({ ...base, decision: fc.constant('lost' as const), doubt: text }),
  fc.record({
    ...base,
    decision: fc.constant('conflict' as const),
    others: fc.array(fc.record({ digest: digests, at: places }), { maxLength: 2 }),
    moreOthers: fc.nat(),
  }),
  fc.record({ ...base, decision: fc.constant('blocked' as const), reason: text }),
  fc.record({ ...base, decision: fc.constant('unreadable' as const), reason: text }),
  fc.record({ ...base, decision: fc.constant('unreadable' as const), reason: text, fault: faults }),
);

/** Plans with a few items of every decision, each edge once. */
export const plans: fc.Arbitrary<RecordedPlan> = fc
  .record({
    origin: fc.record(
      {
        tool: text,
        madeAt: fc.constant('2026-11-28T05:00:00.000Z'),
        manifests: digests,
        read: fc.constant({ projects: 1, images: 2, digests: 3 }),
        revision: fc.record({ commit: fc.constant('4f2c'), dirty: fc.boolean() }),
        shard: fc.record({ index: fc.constant(0), count: fc.constant(3), input: digests }),
      },
      { requiredKeys: ['tool', 'madeAt', 'manifests', 'read'] },
    ),
    items: fc.uniqueArray(items, {
      maxLength: 8,
      selector: ({ destination, tag, digest }) => `${destination} ${tag ?? digest}`,
    }),
    present: fc.dictionary(fc.constantFrom('a.io', 'b.io:5000'), fc.integer({ min: 1, max: 99 })),
    newRepositories: lists,
    accounts: fc.constantFrom(
      [],
      [{ registry: registryName('a.io/p'), account: 'sa@p.iam.gserviceaccount.com' }],
    ),
    findings: fc.array(
      fc.record(
        {
          rule: text,
          level: fc.constantFrom('warn' as const, 'error' as const),
          message: text,
          advice: text,
          at: fc.option(place, { nil: undefined }),
          edges: fc.array(text, { maxLength: 2 }),
        },
        { requiredKeys: ['rule', 'level', 'message', 'at', 'edges'], noNullPrototype: true },
      ),
      { maxLength: 2 },
    ),
    malformed: fc.array(fc.record({ rule: text, message: text, at: place }), { maxLength: 2 }),
  })
  .map(({ items, present, newRepositories, ...rest }) => ({
    ...countPlan(sortItems(items), {
      present: sortedBy(Object.entries(present), ([host]) => host),
      newRepositories,
    }),
    ...rest,
  }));

/** A plan of some items, made at 2026-11-28T05:00:00Z. */
export function planWith(items: readonly PlanItem[], changes: Partial<RecordedPlan> = {}): RecordedPlan {
  return {
    ...countPlan(sortItems(items), { present: [['p.io', 5]], newRepositories: [] }),
    origin: {
      tool: '4.0.0',
      madeAt: '2026-11-28T05:00:00.000Z',
      manifests: digest('f'),
      read: { projects: 1, images: 2, digests: 3 },
    },
    accounts: [],
    findings: [],
    malformed: [],
    ...changes,
  };
}

/** An edge to copy from `s.io/s/app`. */
export function copyTo(destination: string, tagged: string, digit = 'a'): CopyItem {
  return {
    decision: 'copy',
    destination: repository(destination),
    tag: tag(tagged),
    digest: digest(digit),
    sources: [repository('s.io/s/app')],
    siblings: [],
    at: [{ file: 'images/app/images.yaml', line: 3, column: 5 }],
  };
}

/** The text of a plan's file. */
export function encoded(plan: RecordedPlan, sign?: Parameters<typeof encodePlan>[1]): string {
  return Array.from(encodePlan(plan, sign)).join('');
}
