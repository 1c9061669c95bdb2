import { describe, expect, it } from 'vitest';
import { sourceOf } from '../../../src/manifest/layout/read-source.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import { parsePlain } from '../../../src/manifest/parse-manifest.ts';
import { findWeakerPolicies } from '../../../src/workflows/changes/weaker-policies.ts';

const A = 'sigstore::https://i.example::a@example.com';
const B = 'sigstore::https://i.example::b@example.com';
const ONE = '{id: b1, level: 3}';

interface Fields {
  readonly mode?: string;
  readonly signers?: readonly string[];
  readonly builders?: readonly string[];
  readonly sources?: string;
  readonly rest?: string;
}

function provenance({
  mode = 'require',
  signers = [A],
  builders = [ONE],
  sources = 's1',
  rest = '',
}: Fields = {}) {
  const lists = `signers: [${signers.map((one) => `"${one}"`).join(', ')}], builders: [${builders.join(', ')}]`;
  return `provenance: {mode: ${mode}, ${lists}, sources: [${sources}]${rest}}\n`;
}

function signatures(mode: string, ...signers: readonly string[]) {
  return `signatures: {mode: ${mode}, signers: [${signers.map((one) => `"${one}"`).join(', ')}]}\n`;
}

/** A manifest with its registries in lines 1 to 4, and its policies after them. */
function manifest(policies: string, file = 'm.yaml', from = 's.io/s'): PromoterManifest {
  const text = `registries:\n- name: ${from}\n  src: true\n- name: p.io/p\n${policies}images: []\n`;
  const parsed = parsePlain(sourceOf(file, Buffer.from(text))).manifest;
  if (parsed === undefined) throw new Error(`an unusable manifest: ${text}`);
  return parsed;
}

function changesOf(before: string, now: string): readonly string[] {
  return findWeakerPolicies([manifest(now)], [manifest(before)]).map(({ message }) => message);
}

function weaker(...changes: readonly string[]): readonly string[] {
  return [`the policies of s.io/s accept more than before: ${changes.join('; ')}`];
}

describe('a weaker policy is', () => {
  const levels = ', levels: [{images: [app], level: 3}]';
  it.each([
    ['a lower mode', provenance(), provenance({ mode: 'warn' }), 'require is now warn'],
    ['a policy that is off', provenance({ mode: 'warn' }), provenance({ mode: 'off' }), 'warn is now off'],
    ['a section that is removed', provenance(), '', 'require is removed'],
    ['a new signer', provenance(), provenance({ signers: [A, B] }), `new signer "${B}"`],
    [
      'a new builder',
      provenance(),
      provenance({ builders: [ONE, '{id: b2, level: 1}'] }),
      'new builder "b2" (level 1)',
    ],
    [
      'a builder with a higher level',
      provenance({ builders: ['{id: b1, level: 2}'] }),
      provenance(),
      'new builder "b1" (level 3)',
    ],
    [
      'a builder that no longer bounds a level',
      provenance({ builders: [ONE, `{id: b2, level: 2, signers: ["${A}"]}`], rest: ', level: 2' }),
      provenance({ rest: ', level: 2' }),
      `without builder "b2" (level 2, ${A})`,
    ],
    ['a new source', provenance(), provenance({ sources: 's1, s2' }), 'new source "s2"'],
    [
      'an attestation less',
      provenance({ rest: ', predicateTypes: [t]' }),
      provenance({ rest: ', predicateTypes: []' }),
      'without "t"',
    ],
    ['a lower level', provenance({ rest: ', level: 3' }), provenance(), 'level 3 is now 1'],
    ['a lower level of an image', provenance({ rest: levels }), provenance(), 'level 3 is now 1 for app'],
  ])('%s', (_what, before, now, change) => {
    expect(changesOf(before, now)).toEqual(weaker(`provenance: ${change}`));
  });

  it('named once for a project, at its first section', () => {
    const before = manifest(signatures('require', A) + provenance());
    const now = manifest(signatures('warn', A, B) + provenance({ mode: 'warn' }));
    expect(findWeakerPolicies([now], [before])).toEqual([
      {
        rule: 'weaker-policy',
        level: 'warn',
        message: weaker(
          `signatures: require is now warn, new signer "${B}"`,
          'provenance: require is now warn',
        )[0],
        advice: expect.any(String),
        at: { file: 'm.yaml', line: 5, column: 1 },
        edges: [],
      },
    ]);
  });

  it('at the source of its project if no section is left', () => {
    const [finding] = findWeakerPolicies([manifest('')], [manifest(provenance())]);
    expect(finding?.at).toMatchObject({ file: 'm.yaml', line: 2 });
  });

  it('that of a renamed project, too', () => {
    const renamed = manifest('', 'new.yaml');
    expect(findWeakerPolicies([renamed], [manifest(provenance())])).toMatchObject([
      { at: { file: 'new.yaml' } },
    ]);
  });

  it('that of a project that is gone, if another one is below its source', () => {
    const [gone, below] = [manifest(provenance()), manifest('', 'below.yaml', 's.io/s/below')];
    expect(findWeakerPolicies([below], [gone, below])).toMatchObject([{ at: { file: 'm.yaml' } }]);
    const other = manifest('', 'other.yaml', 's.io/other');
    expect(findWeakerPolicies([other], [gone, other])).toEqual([]);
  });
});

describe('a policy is not weaker', () => {
  it.each([
    ['without a change', provenance(), provenance()],
    ['with a higher mode', provenance({ mode: 'warn' }), provenance()],
    ['with fewer signers', provenance({ signers: [A, B] }), provenance({ signers: [B] })],
    ['with fewer sources', provenance({ sources: 's1, s2' }), provenance()],
    ['with fewer builders', provenance({ builders: [ONE, '{id: b2, level: 2}'] }), provenance()],
    ['with a higher level', provenance({ rest: ', level: 2' }), provenance({ rest: ', level: 3' })],
    ['with lists in another order', signatures('require', A, B), signatures('require', B, A)],
    ['that was off', provenance({ mode: 'off' }), ''],
    ['that is new', '', signatures('warn', A)],
  ])('%s', (_what, before, now) => {
    expect(changesOf(before, now)).toEqual([]);
  });
});
