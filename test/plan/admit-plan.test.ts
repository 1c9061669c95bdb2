import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Admission, admitPlan, PlanRefused } from '../../src/plan/admit-plan.ts';
import { decodePlan } from '../../src/plan/plan-codec.ts';
import { parseSigningKey, parseTrustedKey, signPlan } from '../../src/plan/plan-seal.ts';
import type { RecordedPlan } from '../../src/plan/recorded-plan.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { fingerprintOf } from '../../src/edges/take-shard.ts';
import type { PlanItem } from '../../src/plan/plan.ts';
import { planFileOf } from '../builders/applying.ts';
import { digest, from, repository } from '../builders/manifests.ts';
import { copyTo, encoded, planWith } from '../builders/plans.ts';
import { runs } from '../builders/property-runs.ts';
import { build, universe } from '../copy/universe.ts';

const HOUR = 3_600_000;
const MADE = Date.UTC(2026, 10, 28, 5);
const pair = generateKeyPairSync('ed25519');
const key = parseSigningKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const trusted = parseTrustedKey(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());

const plan = planWith([]);
const fileOf = (changes: Partial<RecordedPlan> = {}, sign?: Parameters<typeof encoded>[1]) =>
  decodePlan(Buffer.from(encoded({ ...plan, ...changes }, sign)));
const WANTED = expandEdges([
  from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [digest('a')]: ['v1'] } }),
]);
const OTHERS = expandEdges([
  from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [digest('a')]: ['v2'] } }),
]);
const ofWanted = { ...plan.origin, manifests: fingerprintOf(WANTED) };
const ADMISSION: Admission = { now: MADE + HOUR, maxAge: 2 * HOUR, trusted: [] };

describe('a plan', () => {
  it.each<[string, Partial<Admission>]>([
    ['young enough', {}],
    ['just young enough', { now: MADE + 2 * HOUR }],
    ['of any age', { now: MADE + 2000 * HOUR, maxAge: undefined }],
    ['of a clock that is a bit ahead', { now: MADE - 60_000 }],
    ['for a shard', { shard: { index: 0, count: 3 } }],
  ])('is admitted: %s', (_what, changes) => {
    expect(() => admitPlan(fileOf(), { ...ADMISSION, ...changes })).not.toThrow();
  });

  it('is admitted with the manifests that it was made from', () => {
    const file = fileOf({ ...planWith([copyTo('p.io/p/app', 'v1')]), origin: ofWanted });
    expect(() => admitPlan(file, { ...ADMISSION, wanted: WANTED })).not.toThrow();
  });

  it('is admitted with them whatever they want, and wherever the images are', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { registry, manifests } = build(given);
        const file = await planFileOf(registry, manifests);
        const admission = { ...ADMISSION, maxAge: undefined, now: Date.parse(file.plan.origin.madeAt) };
        expect(() => admitPlan(file, { ...admission, wanted: expandEdges(manifests) })).not.toThrow();
      }),
      runs({ seed: 146, numRuns: 100 }),
    );
  });

  it.each<[string, PlanItem]>([
    ['tag', copyTo('p.io/p/app', 'v9')],
    ['digest', copyTo('p.io/p/app', 'v1', 'b')],
    ['repository', copyTo('p.io/p/other', 'v1')],
    ['digest without a tag', { ...copyTo('p.io/p/app', 'v1'), tag: undefined }],
  ])(
    'is refused with a %s that its manifests do not want, whatever it claims to be made from',
    (_what, item) => {
      const file = fileOf({ ...planWith([item]), origin: ofWanted });
      expect(refusal(() => admitPlan(file, { ...ADMISSION, wanted: WANTED }))).toMatchObject({
        code: 'manifests',
        message: expect.stringMatching(/^it wants p\.io\/p\/.* to be sha256:.*, and the manifests do not/),
      });
    },
  );

  const elsewhere = [repository('evil.io/s/app')];
  it.each<[string, PlanItem]>([
    ['source', { ...copyTo('p.io/p/app', 'v1'), sources: elsewhere }],
    ['sibling', { ...copyTo('p.io/p/app', 'v1'), siblings: elsewhere }],
    [
      'sibling of a digest that is there',
      { ...copyTo('p.io/p/app', 'v1'), decision: 'add-tag', siblings: elsewhere },
    ],
  ])('is refused with a %s that its manifests do not name', (_what, item) => {
    const file = fileOf({ ...planWith([item]), origin: ofWanted });
    expect(refusal(() => admitPlan(file, { ...ADMISSION, wanted: WANTED }))).toMatchObject({
      code: 'manifests',
      message: expect.stringMatching(/^it reads from evil\.io\/s\/app, which the manifests do not name/),
    });
  });

  it('is admitted with the signature of a trusted key', () => {
    const file = fileOf({}, (sha) => signPlan(sha, key));
    expect(() => admitPlan(file, { ...ADMISSION, trusted: [trusted] })).not.toThrow();
  });

  const ofShard = { ...plan.origin, shard: { index: 0, count: 3, input: digest('f') } };
  const ofCommit = { ...plan.origin, revision: { commit: '4f2c', dirty: false } };
  it.each<[string, Partial<RecordedPlan>, Partial<Admission>, string, RegExp]>([
    ['too old', {}, { now: MADE + 2 * HOUR + 1 }, 'age', /made at 2026-11-28T05:00:00.000Z.*-max-plan-age/],
    ['of the future', {}, { now: MADE - HOUR, maxAge: undefined }, 'age', /in the future: check the clocks/],
    ['of other manifests', {}, { wanted: OTHERS }, 'manifests', /other manifests: .*new plan/],
    ['of another commit', { origin: ofCommit }, { wanted: OTHERS }, 'manifests', /commit 4f2c/],
    [
      'of a shard, for a shard',
      { origin: ofShard },
      { shard: { index: 0, count: 3 } },
      'shard',
      /shard 0\/3/,
    ],
    ['unsigned', {}, { trusted: [trusted] }, 'unsigned', /not signed: make the plan with -plan-key/],
  ])('is refused: %s', (_what, changes, admission, code, message) => {
    expect(refusal(() => admitPlan(fileOf(changes), { ...ADMISSION, ...admission }))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('is refused with the signature of another key, and with one that is wrong', () => {
    const second = generateKeyPairSync('ed25519');
    const secondKey = parseSigningKey(second.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const admission = { ...ADMISSION, trusted: [trusted] };
    const untrusted = fileOf({}, (sha) => signPlan(sha, secondKey));
    expect(refusal(() => admitPlan(untrusted, admission))).toMatchObject({ code: 'untrusted' });
    const forged = fileOf({}, (sha) => ({ ...signPlan(sha, secondKey), key: key.fingerprint }));
    expect(refusal(() => admitPlan(forged, admission))).toMatchObject({ code: 'signature' });
  });
});

function refusal(admit: () => void): unknown {
  try {
    admit();
  } catch (error) {
    expect(error).toBeInstanceOf(PlanRefused);
    return error;
  }
  return undefined;
}
