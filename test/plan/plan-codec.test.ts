// Covers src/plan/plan-document.ts
// Covers src/plan/count-plan.ts
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../src/plan/plan-codec.ts';
import { PlanFormatError } from '../../src/plan/plan-document.ts';
import type { PlanItem } from '../../src/plan/plan.ts';
import type { RecordedPlan } from '../../src/plan/recorded-plan.ts';
import { digest } from '../builders/manifests.ts';
import { copyTo, encoded, plans, planWith } from '../builders/plans.ts';
import { runs } from '../builders/property-runs.ts';

const bytesOf = (text: string) => Buffer.from(text, 'utf8');

describe('the file of a plan', () => {
  it('holds all of it but the items that are present, and written again has the same bytes', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const text = encoded(plan);
        const { plan: again } = decodePlan(bytesOf(text));
        expect(again).toEqual(withoutPresent(plan));
        expect(encoded(again)).toBe(text);
      }),
      runs({ seed: 13, numRuns: 300 }),
    );
  });

  it('is read for what it says, or refused, whatever one character becomes', () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.constantFrom('', '0', '9', 'a', ' ', '"', ','), (plan, at, other) => {
        const text = encoded(plan);
        const place = at % text.length;
        const changed = text.slice(0, place) + other + text.slice(place + 1);
        if (changed === text) return;
        expect(() => decodePlan(bytesOf(changed))).toThrow(PlanFormatError);
      }),
      runs({ seed: 14, numRuns: 300 }),
    );
  });

  it('has a line for each tag, whatever the number of destinations, and each list once', () => {
    const items = ['p.io/p/app', 'q.io/p/app'].flatMap((to) => [copyTo(to, 'v1'), copyTo(to, 'v2')]);
    expect(encoded(planWith(items)).split('\n').slice(1)).toEqual([
      '"findings":[',
      '],',
      '"malformed":[',
      '],',
      '"lists":[',
      '["s.io/s/app"],',
      '[],',
      '["p.io/p/app","q.io/p/app"]',
      '],',
      '"items":[',
      expect.stringMatching(/"tag":"v1",.*"sources":0,.*"siblings":1,"destinations":2\},$/),
      expect.stringMatching(/"tag":"v2",.*"sources":0,.*"siblings":1,"destinations":2\}$/),
      '],',
      expect.stringMatching(/^"digest":"sha256:[0-9a-f]{64}"$/),
      '}',
      '',
    ]);
  });

  it('counts edges that are present, host by host', () => {
    const present: PlanItem = { ...copyTo('q.io/p/app', 'v1'), decision: 'present' };
    const { plan } = decodePlan(bytesOf(encoded(planWith([present, copyTo('p.io/p/app', 'v1')]))));
    expect(plan.counts).toMatchObject({ present: 6, copy: 1 });
    expect(plan.hosts).toMatchObject({ 'p.io': { present: 5, copy: 1 }, 'q.io': { present: 1, copy: 0 } });
  });
});

/** The same, as a file has it: the edges that are present are counted in their hosts. */
function withoutPresent(plan: RecordedPlan): RecordedPlan {
  return { ...plan, items: plan.items.filter(({ decision }) => decision !== 'present') };
}

describe('what is no plan of this version', () => {
  const text = encoded(planWith([copyTo('p.io/p/app', 'v1')]));
  const change = (search: string | RegExp, replacement: string) => {
    const changed = text.replace(search, replacement);
    if (changed === text) throw new Error(`nothing to replace: ${search}`);
    return changed;
  };
  const ofCommit = (commit: string) =>
    change('}},"accounts"', `},"revision":${JSON.stringify({ commit, dirty: false })}},"accounts"`);
  const twice = text.replace(/\{"decision":"copy"(.*)\}/, '{"decision":"copy"$1},\n{"decision":"add-tag"$1}');

  it.each<[string, string, string, RegExp]>([
    ['an empty file', '', 'json', /it is empty/],
    ['half a file', text.slice(0, text.length / 2), 'json', /not JSON.*incomplete/],
    ['a byte order mark', `\ufeff${text}`, 'json', /not JSON/],
    ['a report', '{"version":1,"mode":"dry-run"}', 'shape', /no plan file.*-plan-out/],
    ['a list', '[]', 'shape', /no plan file/],
    ['another version', change('"version":1', '"version":2'), 'version', /version 2, .* reads version 1/],
    ['no version', change('"version":1,', ''), 'version', /format version none/],
    ['an unknown field', change('"accounts"', '"extra":1,"accounts"'), 'shape', /Unrecognized key: "extra"/],
    [
      'an unknown field of an item',
      change('"siblings":', '"found":1,"siblings":'),
      'shape',
      /items\.0: .*"found"/,
    ],
    ['an unknown decision', change('"copy"', '"move"'), 'shape', /items\.0\.decision/],
    ['a malformed digest', change(digest('a'), 'sha256:1'), 'shape', /items\.0\.digest: no digest/],
    ['a malformed tag', change('"tag":"v1"', '"tag":"-"'), 'shape', /items\.0\.tag: no tag/],
    ['a list that is not there', change('"sources":0', '"sources":9'), 'shape', /items\.0: no such list/],
    ['a field that is missing', change('"accounts":[],', ''), 'shape', /accounts/],
    ['a commit that is none', ofCommit('4f2c\nINFO all is well'), 'shape', /revision\.commit: no commit$/],
    ['a long name of a program', change('"tool":"4', `"tool":"${'4'.repeat(100)}`), 'shape', /origin\.tool/],
    ['another tag', change('"tag":"v1"', '"tag":"v2"'), 'altered', /altered.*digest at its end/],
    ['another tag, said again', change('"tag":"v1"', '"tag":"v1","tag":"v2"'), 'altered', /altered/],
    [
      'another digest at its end',
      change(/"digest":"sha256:.{8}/g, '"digest":"sha256:00000000'),
      'altered',
      /altered/,
    ],
    ['other spaces', change('"tag":', '"tag": '), 'altered', /altered/],
    [
      'another order',
      change('"present":{"p.io":5},"newRepositories":[]', '"newRepositories":[],"present":{"p.io":5}'),
      'altered',
      /altered/,
    ],
    ['something behind it', `${text}\n`, 'altered', /altered/],
    ['one edge twice', twice, 'shape', /it has p.io\/p\/app:v1 twice/],
  ])('is refused: %s', (_what, changed, code, message) => {
    expect(thrownBy(bytesOf(changed))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('is refused: bytes that are no UTF-8', () => {
    const bytes = Buffer.from(text.replace('images/app', 'images/\u{fffd}'), 'utf8');
    const broken = Buffer.concat([bytes.subarray(0, 20), Buffer.from([0xff]), bytes.subarray(20)]);
    expect(thrownBy(broken)).toMatchObject({ code: 'json', message: expect.stringMatching(/UTF-8/) });
  });

  it('names repositories that are none', () => {
    const changed = change('"p.io/p/app"]', '"not a repository"]');
    expect(thrownBy(bytesOf(changed))).toMatchObject({
      message: expect.stringMatching(/lists\.\d+\.0: no repository/),
    });
  });
});

function thrownBy(bytes: Uint8Array): unknown {
  try {
    decodePlan(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(PlanFormatError);
    return error;
  }
  return undefined;
}
