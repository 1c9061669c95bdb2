// Covers src/plan/plan-document.ts
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonObject } from '../../src/base/json.ts';
import { decodePlan, encodePlan, PlanFormatError, type RecordedPlan } from '../../src/plan/plan-codec.ts';
import { noEdges, type PlanItem } from '../../src/plan/plan.ts';
import { tagOf } from '../adapters/oci/client.ts';
import { digest, repository } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';

const digests = fc.constantFrom('a', 'b', 'c').map(digest);
const repositories = fc
  .constantFrom('a.io/p/app', 'b.io:5000/app', 's.io/s/app', 'eu.example/x/y/z')
  .map((name) => repository(name));
const lists = fc.array(repositories, { maxLength: 3 });
const places = fc.array(
  fc.record({ file: fc.string(), line: fc.nat({ max: 999 }), column: fc.nat({ max: 99 }) }),
  { maxLength: 2 },
);
const base = {
  destination: repositories,
  tag: fc.option(fc.constantFrom('v1', 'latest').map(tagOf), { nil: undefined }),
  digest: digests,
  sources: lists,
  at: places,
};
const optional = { noNullPrototype: true } as const;
const text = fc.string();
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
  fc.record({ ...base, decision: fc.constantFrom('unreadable' as const, 'blocked' as const), reason: text }),
);
const counts = fc.nat().map((copy) => ({ ...noEdges(), copy }));
const plans: fc.Arbitrary<RecordedPlan> = fc.record({
  version: fc.constant(1 as const),
  origin: fc.record(
    {
      tool: text,
      madeAt: fc.constant('2026-11-28T05:00:00.000Z'),
      manifests: digests,
      revision: fc.record({ commit: fc.constant('4f2c'), dirty: fc.boolean() }),
      shard: fc.record({ index: fc.constant(0), count: fc.constant(3), input: digests }),
    },
    { requiredKeys: ['tool', 'madeAt', 'manifests'] },
  ),
  items: fc.array(items, { maxLength: 8 }),
  counts,
  hosts: fc.dictionary(fc.constantFrom('a.io', 'b.io:5000'), counts, { noNullPrototype: true }),
  newRepositories: lists,
});

const encode = (plan: RecordedPlan) => Array.from(encodePlan(plan)).join('');

describe('the file of a plan', () => {
  it('holds all of it, and written again has the same bytes', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const text = encode(plan);
        const again = decodePlan(text);
        expect(again).toEqual(plan);
        expect(encode(again)).toBe(text);
      }),
      runs({ seed: 13, numRuns: 300 }),
    );
  });

  it('has a line for each item, and each list of repositories once', () => {
    const one = (tag: string): PlanItem => ({
      decision: 'copy',
      destination: repository('p.io/p/app'),
      tag: tagOf(tag),
      digest: digest('a'),
      sources: [repository('s.io/s/app')],
      siblings: [],
      at: [{ file: 'm.yaml', line: 3, column: 5 }],
    });
    const [plan] = fc.sample(plans, { numRuns: 1, seed: 1 });
    if (plan === undefined) throw new Error('no sample');
    const lines = encode({ ...plan, items: [one('v1'), one('v2')] }).split('\n');
    expect(lines.slice(1)).toEqual([
      '"lists":[',
      '["s.io/s/app"],',
      '[]',
      '],',
      '"items":[',
      expect.stringMatching(/"p.io\/p\/app","tag":"v1",.*"sources":0,.*"siblings":1\},$/),
      expect.stringMatching(/"p.io\/p\/app","tag":"v2",.*"sources":0,.*"siblings":1\}$/),
      ']',
      '}',
      '',
    ]);
  });
});

describe('what is no plan of this version', () => {
  const [plan] = fc.sample(plans, { numRuns: 1, seed: 3 });
  const item = {
    decision: 'lost',
    destination: 'p.io/p/app',
    tag: 'v1',
    digest: digest('a'),
    sources: 0,
    at: [],
  };
  const document = (changes: object) => {
    const whole = plan === undefined ? undefined : parseJsonObject(encode({ ...plan, items: [] }));
    return JSON.stringify({ ...whole, lists: [[]], ...changes });
  };

  it.each<[string, string, string, RegExp]>([
    ['half a file', '{"format":', 'json', /not JSON.*written to the end/],
    ['a report', '{"version":1}', 'shape', /"format" is not "cip-plan"/],
    ['another version', document({ version: 2 }), 'version', /a plan of version 2, .* reads version 1/],
    ['no version', document({ version: undefined }), 'version', /a plan of version none/],
    ['an unknown field', document({ extra: 1 }), 'shape', /Unrecognized key: "extra"/],
    [
      'an unknown field of an item',
      document({ items: [{ ...item, found: 1 }] }),
      'shape',
      /items\.0: .*"found"/,
    ],
    [
      'an unknown decision',
      document({ items: [{ ...item, decision: 'move' }] }),
      'shape',
      /items\.0\.decision/,
    ],
    [
      'a malformed digest',
      document({ items: [{ ...item, digest: 'sha256:1' }] }),
      'shape',
      /items\.0\.digest: no digest/,
    ],
    ['a malformed tag', document({ items: [{ ...item, tag: '-' }] }), 'shape', /items\.0\.tag: no tag/],
    [
      'a list that is not there',
      document({ items: [{ ...item, sources: 1 }] }),
      'shape',
      /items\.0: no such list/,
    ],
    ['a field that is missing', document({ counts: undefined }), 'shape', /counts/],
  ])('is refused: %s', (_what, text, code, message) => {
    let thrown: unknown;
    try {
      decodePlan(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PlanFormatError);
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
