// Covers src/signature/policy/policy.ts src/signature/policy/slsa-provenance.ts
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../src/signature/policy/evidence.ts';
import {
  judgeIndex,
  type OwnOutcome,
  ProvenanceJudge,
} from '../../../src/signature/policy/judge-provenance.ts';
import { faultsOf, type ProvenancePolicy } from '../../../src/signature/policy/policy.ts';
import { digest } from '../../builders/manifests.ts';
import {
  attested,
  BUILDER,
  refused,
  rule,
  signed,
  signer,
  slsaV02,
  slsaV1,
  SOURCE,
  STAGING,
} from './evidence-builders.ts';

const IMAGE = digest('a');
const SPDX = { predicateType: 'https://spdx.dev/Document', predicate: {} };

const POLICY: ProvenancePolicy = {
  signers: [signer(STAGING)],
  builders: [{ id: BUILDER, level: 3, signers: [] }],
  sources: [SOURCE],
  predicateTypes: [],
  level: undefined,
  levels: [],
};

async function judge(
  items: readonly Evidence[],
  policy: Partial<ProvenancePolicy> = {},
  incomplete?: string,
): Promise<OwnOutcome> {
  const judging = await ProvenanceJudge.for({ ...POLICY, ...policy });
  return judging.judge({ items, incomplete }, IMAGE, 'app');
}

describe('provenance satisfies a policy', async () => {
  it.each([
    ['v1', [attested(slsaV1())], 3],
    ['v0.2', [attested(slsaV02())], 3],
    ['of a builder at a ref', [attested(slsaV1({ builder: `${BUILDER}@refs/heads/main` }))], 3],
    ['about several images', [attested(slsaV1(), { subjects: [digest('b'), IMAGE] })], 3],
    ['without a build type, at level 1', [attested(slsaV1({ buildType: '' }))], 1],
    [
      'beside some that does not count',
      [refused('x'), attested(slsaV1(), { by: 'x' }), attested(slsaV1())],
      3,
    ],
    ['beside some that fails', [attested(slsaV1({ source: 'github.com/o/x' })), attested(slsaV1())], 3],
  ])('%s', async (_what, items, level) => {
    expect(await judge(items)).toEqual({ kind: 'satisfied', level, accepted: [digest('1')] });
  });

  it('at the highest level of those that pass', async () => {
    const items = [attested(slsaV1({ buildType: '' })), attested(slsaV02(), { manifest: digest('2') })];
    expect(await judge(items)).toMatchObject({ level: 3, accepted: [digest('1'), digest('2')] });
  });

  it('with the further attestations that it wants; those are accepted too', async () => {
    const items = [
      attested(slsaV1()),
      attested(SPDX, { manifest: digest('2') }),
      signed({ manifest: digest('3') }),
    ];
    expect(await judge(items, { predicateTypes: [SPDX.predicateType] })).toMatchObject({
      kind: 'satisfied',
      accepted: [digest('1'), digest('2')],
    });
  });

  it('of Cloud Build and of workflows of GitHub', async () => {
    const workflow = 'https://github.com/o/app/.github/workflows/build.yml@refs/heads/main';
    const github = 'https://token.actions.githubusercontent.com';
    const parameters = (externalParameters: object) => ({
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: { buildType: 'x', externalParameters },
        runDetails: { builder: { id: workflow } },
      },
    });
    const policy = {
      signers: [signer(workflow, github)],
      builders: [{ id: workflow.split('@')[0] ?? '', level: 3, signers: [] }],
    };
    for (const one of [
      { workflow: { repository: 'https://github.com/o/app', ref: 'refs/heads/main' } },
      { buildConfigSource: { repository: 'https://github.com/o/app' } },
      { source: 'git+https://github.com/o/app' },
    ]) {
      const items = [attested(parameters(one), { by: workflow, issuer: github })];
      expect(await judge(items, policy)).toMatchObject({ kind: 'satisfied', level: 3 });
    }
  });
});

describe('provenance violates a policy', async () => {
  it.each([
    [
      'another builder',
      slsaV1({ builder: 'https://evil' }),
      {},
      /names the builder "https:\/\/evil", which .* may not/,
    ],
    ['a builder that begins like it', slsaV1({ builder: `${BUILDER}-x` }), {}, /names the builder/],
    ['no builder', slsaV1({ builder: '' }), {}, /names the builder ""/],
    [
      'another ref of a builder with one',
      slsaV1({ builder: 'b@2' }),
      { builders: [{ id: 'b@1', level: 3, signers: [] }] },
      /"b@2"/,
    ],
    [
      'another source',
      slsaV1({ source: 'github.com/o/fork' }),
      {},
      /names the source ".*fork@refs\/heads\/main", which is not/,
    ],
    ['a level below', slsaV1({ buildType: '' }), { level: 2 }, /reaches level 1 of 2/],
    [
      'a level below that of the image',
      slsaV1({ buildType: '' }),
      { levels: [{ images: ['app'], level: 3 }] },
      /level 1 of 3/,
    ],
    [
      'no source',
      { ...slsaV02(), predicate: { builder: { id: BUILDER } } },
      {},
      /names no source repository/,
    ],
    ['a predicate of another shape', { ...slsaV1(), predicate: [BUILDER] }, {}, /names the builder ""/],
    [
      'a missing attestation',
      slsaV1(),
      { predicateTypes: [SPDX.predicateType] },
      /no trusted signer has attested https:\/\/spdx/,
    ],
  ])('with %s', async (_what, statement, policy, reason) => {
    expect(await judge([attested(statement)], policy)).toEqual({
      kind: 'violated',
      reason: expect.stringMatching(reason),
    });
  });

  it('with two sources, one of them foreign', async () => {
    const statement = slsaV1();
    const predicate = {
      buildDefinition: {
        buildType: 'x',
        externalParameters: {
          source: `https://${SOURCE}`,
          workflow: { repository: 'https://github.com/evil/x' },
        },
      },
      runDetails: { builder: { id: BUILDER } },
    };
    expect(await judge([attested({ ...statement, predicate })])).toMatchObject({
      kind: 'violated',
      reason: expect.stringMatching(/github.com\/evil\/x/),
    });
  });

  it('with a workflow of GitHub that claims another one', async () => {
    const github = 'https://token.actions.githubusercontent.com';
    const items = [
      attested(slsaV1(), { by: 'https://github.com/o/x/.github/workflows/y.yml@main', issuer: github }),
    ];
    const signers = [rule(`sigstore(identityMatch=regex)::${github}::https://github\\.com/o/.*`)];
    expect(await judge(items, { signers })).toMatchObject({
      kind: 'violated',
      reason: expect.stringMatching(/signed by another workflow/),
    });
  });

  it('with an attestation of the further kind by a foreign signer', async () => {
    const items = [attested(slsaV1()), attested(SPDX, { by: 'x' })];
    expect((await judge(items, { predicateTypes: [SPDX.predicateType] })).kind).toBe('violated');
  });
});

describe('an image has no provenance of its own', async () => {
  it.each([
    ['nothing', [], /^it has no provenance by a trusted signer$/],
    ['a signature', [signed()], /^it has no provenance by a trusted signer$/],
    ['that of another signer', [attested(slsaV1(), { by: 'x' })], /; referrer 1 is signed by .*::x$/],
    ['that of another image', [attested(slsaV1(), { subjects: [digest('b')] })], /not about this one$/],
    [
      'some that cannot be verified',
      [refused('the log entry is missing')],
      /cannot be verified: the log entry/,
    ],
  ])('with %s', async (_what, items, reason) => {
    expect(await judge(items)).toEqual({ kind: 'absent', reason: expect.stringMatching(reason) });
  });
});

it.each([[[]], [[attested(slsaV1({ builder: 'x' }))]]])(
  'incomplete evidence is no answer: %#',
  async (items) => {
    expect(await judge(items, {}, 'the registry is down')).toEqual({
      kind: 'unanswered',
      reason: 'the registry is down',
    });
  },
);

describe('a builder that names signers', () => {
  const isolated = signer('isolated@example.com');
  const policy = {
    signers: [signer(STAGING), isolated],
    builders: [
      { id: 'self', level: 1, signers: [] },
      { id: 'isolated', level: 3, signers: [isolated] },
    ],
  };

  it.each([
    ['the signer that it names', 'isolated@example.com', 'isolated', 3],
    ['no other signer', STAGING, 'isolated', undefined],
    ['and that signer claims no other builder', 'isolated@example.com', 'self', undefined],
    ['and the other signer claims the other one', STAGING, 'self', 1],
  ])('is claimed by %s', async (_what, by, builder, level) => {
    const outcome = await judge([attested(slsaV1({ builder }), { by })], policy);
    expect(outcome).toMatchObject(level === undefined ? { kind: 'violated' } : { kind: 'satisfied', level });
  });

  it('a signer that several rules match gets the lowest level of what they may claim', async () => {
    const both = rule(`sigstore(identityMatch=regex)::https://accounts.google.com::.*@example\\.com`);
    const builders = [
      { id: 'isolated', level: 3, signers: [isolated] },
      { id: 'other', level: 2, signers: [both] },
    ];
    const items = [attested(slsaV1({ builder: 'isolated' }), { by: 'isolated@example.com' })];
    expect(await judge(items, { signers: [isolated, both], builders })).toMatchObject({
      kind: 'satisfied',
      level: 2,
    });
  });
});

describe('an index', () => {
  const pass: OwnOutcome = { kind: 'satisfied', level: 3, accepted: [digest('1')] };
  const fail: OwnOutcome = { kind: 'violated', reason: 'bad' };
  const absent: OwnOutcome = { kind: 'absent', reason: 'none' };
  const silent: OwnOutcome = { kind: 'unanswered', reason: 'down' };
  const platforms = (...outcomes: readonly OwnOutcome[]) =>
    outcomes.map((outcome, index) => ({ name: `linux/${index}`, outcome }));

  it.each([
    ['its own provenance passes', pass, [fail], 'satisfied'],
    ['its own provenance fails, whatever its platforms have', fail, [pass], 'violated'],
    ['its own could not be read', silent, [pass], 'unanswered'],
    ['it has none, and all platforms pass', absent, [pass, pass], 'satisfied'],
    ['it has none, and one platform fails', absent, [pass, fail], 'violated'],
    ['it has none, and one platform has none', absent, [pass, absent], 'violated'],
    ['it has none, and one platform could not be read', absent, [pass, silent], 'unanswered'],
    ['it has none, one fails and one could not be read', absent, [silent, fail], 'violated'],
    ['it has none, and no platform', absent, [], 'absent'],
  ] as const)('%s', (_what, own, outcomes, kind) => {
    expect(judgeIndex(own, platforms(...outcomes)).kind).toBe(kind);
  });

  it('has the lowest level of its platforms, and none of its own attestations is accepted', () => {
    expect(judgeIndex(absent, platforms(pass, { ...pass, level: 1 }))).toEqual({
      kind: 'satisfied',
      level: 1,
      accepted: [],
    });
  });

  it('names the platforms that fail', () => {
    expect(judgeIndex(absent, platforms(pass, fail))).toMatchObject({
      reason: expect.stringMatching(/1 of its 2 platforms fail: linux\/1: bad/),
    });
  });
});

describe('contradictions of a policy', () => {
  const a = signer('a@example.com');
  const b = signer('b@example.com');
  it.each([
    ['none', {}, []],
    ['a builder twice', { builders: [...POLICY.builders, ...POLICY.builders] }, [/listed twice/]],
    [
      'one builder with and without signers',
      {
        signers: [a],
        builders: [
          { id: 'x', level: 3, signers: [] },
          { id: 'x@1', level: 3, signers: [a] },
        ],
      },
      [/are the same one/],
    ],
    [
      'a foreign signer',
      { signers: [a], builders: [{ id: 'x', level: 3, signers: [b] }] },
      [/not in signers/],
    ],
    [
      'a level out of reach',
      { builders: [{ id: 'x', level: 1, signers: [] }], level: 2 },
      [/level 2 is out of reach/],
    ],
    [
      'a level that one signer reaches',
      {
        signers: [a, b],
        builders: [
          { id: 'x', level: 1, signers: [] },
          { id: 'y', level: 3, signers: [b] },
        ],
        level: 3,
      },
      [],
    ],
  ])('%s', (_what, policy, faults) => {
    expect(faultsOf({ ...POLICY, ...policy })).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  });
});

describe('whatever is stored beside an image', () => {
  const anyClaims = fc.record({
    by: fc.constantFrom(STAGING, 'x@y.z'),
    subjects: fc.subarray([IMAGE, digest('b')]),
    builder: fc.constantFrom(BUILDER, `${BUILDER}@1`, 'evil'),
    source: fc.constantFrom(SOURCE, 'github.com/evil/x'),
    buildType: fc.constantFrom('x', ''),
    v1: fc.boolean(),
  });
  type AnyClaims = typeof anyClaims extends fc.Arbitrary<infer Claims> ? Claims : never;
  const evidenceOf = ({ by, subjects, v1, ...claims }: AnyClaims) =>
    attested(v1 ? slsaV1(claims) : slsaV02(claims), { by, subjects });
  const isGood = ({ by, subjects, builder, source, buildType }: AnyClaims) =>
    by === STAGING && subjects.includes(IMAGE) && builder !== 'evil' && source === SOURCE && buildType !== '';

  it('a policy is satisfied if and only if one provenance is good, in any order', async () => {
    const judging = await ProvenanceJudge.for({ ...POLICY, level: 2 });
    fc.assert(
      fc.property(fc.array(anyClaims, { maxLength: 6 }), (claims) => {
        const [outcome, reversed] = [claims, claims.toReversed()].map((some) =>
          judging.judge({ items: some.map(evidenceOf) }, IMAGE, 'app'),
        );
        expect(outcome?.kind === 'satisfied').toBe(claims.some(isGood));
        expect(reversed?.kind).toBe(outcome?.kind);
      }),
      { seed: 19, numRuns: 500 },
    );
  });
});
