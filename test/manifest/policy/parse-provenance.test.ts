// Covers src/manifest/policy/parse-policies.ts
// Covers src/manifest/policy/policy-fields.ts
// Covers src/manifest/policy/check-expressions.ts
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseThin } from '../../../src/manifest/parse-manifest.ts';
import { checkExpressions } from '../../../src/manifest/policy/check-expressions.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { digest, parse, placesOf, REGISTRIES } from '../checks.ts';

const IMAGES = `- name: app\n  dmap: {"${digest('a')}": [v1]}\n`;

/** A manifest of each kind with a section that begins in line 5. */
const KINDS = {
  thin: (section: string) => {
    const source = new SourceFile('m.yaml', REGISTRIES + section);
    const { manifest } = parseThin(source, new SourceFile('images.yaml', IMAGES));
    return { manifest, problems: source.problems };
  },
  plain: (section: string) => parse(`${REGISTRIES}${section}images:\n${IMAGES}`),
};

const SIGNER = 'sigstore::https://accounts.google.com::builder@project.iam.gserviceaccount.com';
const BUILDER = 'https://cloudbuild.googleapis.com/projects/p/serviceAccounts/builder';

/** As documented upstream. */
const POLICY = `
  signers: ["${SIGNER}"]
  builders:
  - id: ${BUILDER}
    level: 3
  sources: [github.com/kubernetes-sigs/app]
  predicateTypes: [https://spdx.dev/Document]
  level: 2
  levels: [{images: [app], level: 3}]
`;

/** An enabled policy in which a field has another value; line 5 is its key. */
function policyWith(fields: Readonly<Record<string, string>>): string {
  const all = {
    mode: 'require',
    signers: `["${SIGNER}"]`,
    builders: `[{id: ${BUILDER}, level: 3}]`,
    sources: '[github.com/o/app]',
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `  ${name}: ${value}`);
  return `provenance:\n${lines.join('\n')}\n`;
}

describe.each(Object.entries(KINDS))('provenance of a %s manifest', (_kind, parseWith) => {
  it.each([
    ['no section', '', undefined],
    ['a section without a value', 'provenance:\n', undefined],
    ['an empty section', 'provenance: {}\n', 'off'],
    ['mode off', 'provenance: {mode: off}\n', 'off'],
    ['a quoted mode', 'provenance: {mode: "off"}\n', 'off'],
    ['mode off and a policy', `provenance:\n  mode: off${POLICY}`, 'off'],
    ['mode warn', `provenance:\n  mode: warn${POLICY}`, 'warn'],
    ['mode require', `provenance:\n  mode: require${POLICY}`, 'require'],
  ])('may be %s', (_what, section, mode) => {
    const { manifest, problems } = parseWith(section);
    expect(problems).toEqual([]);
    expect(manifest?.images).toHaveLength(1);
    expect(manifest?.provenance?.mode).toBe(mode);
  });

  it('has all its fields, and the position of the section', () => {
    expect(parseWith(`provenance:\n  mode: require${POLICY}`).manifest?.provenance).toEqual({
      mode: 'require',
      at: { file: 'm.yaml', line: 5, column: 1 },
      policy: {
        signers: [expect.objectContaining({ kind: 'certificate', text: SIGNER })],
        builders: [{ id: BUILDER, level: 3, signers: [] }],
        sources: ['github.com/kubernetes-sigs/app'],
        predicateTypes: ['https://spdx.dev/Document'],
        level: 2,
        levels: [{ images: ['app'], level: 3 }],
      },
    });
  });

  it('warns of a policy without a mode', () => {
    const { manifest, problems } = parseWith(`provenance:${POLICY}`);
    expect(manifest?.provenance?.mode).toBe('off');
    expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringMatching(/is off/) }]);
  });

  it.each([
    ['an unknown mode', 'provenance:\n  mode: requires\n', ['6:9 policy']],
    ['a mode in upper case', 'provenance: {mode: OFF}\n', ['5:20 policy']],
    ['a boolean mode', 'provenance: {mode: false}\n', ['5:20 policy']],
    ['an empty mode', 'provenance: {mode: ""}\n', ['5:20 policy']],
    ['a mode that is a list', 'provenance: {mode: [require]}\n', ['5:20 shape']],
    ['an unknown key', 'provenance:\n  mode: off\n  signer: []\n', ['7:3 unknown-field']],
    ['a mode twice', 'provenance:\n  mode: off\n  mode: require\n', ['7:3 duplicate-key']],
    ['text', 'provenance: require\n', ['5:13 shape']],
    ['a list', 'provenance: [{mode: require}]\n', ['5:13 shape']],
    ['the section twice', 'provenance: {}\nprovenance: {mode: require}\n', ['6:1 duplicate-key']],
    ['a mode alone', 'provenance: {mode: require}\n', ['5:1 policy', '5:1 policy', '5:1 policy']],
    ['without signers', policyWith({ signers: '[]' }), ['5:1 policy']],
    ['without builders', policyWith({ builders: '[]' }), ['5:1 policy']],
    ['without sources', policyWith({ sources: '' }), ['5:1 policy']],
    ['a signer that is none', policyWith({ signers: '[me@example.com]' }), ['7:13 policy']],
    ['a signer that is a map', policyWith({ signers: '[{a: b}]' }), ['7:13 policy']],
    ['an empty source', policyWith({ sources: '[""]' }), ['9:13 policy']],
    ['a source with a ref', policyWith({ sources: '[github.com/o/a@refs/heads/main]' }), ['9:13 policy']],
    ['a level of 1', policyWith({ level: '1' }), ['10:10 policy']],
    ['a level of 4', policyWith({ level: '4' }), ['10:10 policy']],
    ['a level out of reach', policyWith({ builders: `[{id: b, level: 1}]`, level: '2' }), ['5:1 policy']],
    ['a builder without a level', policyWith({ builders: '[{id: b}]' }), ['8:14 policy']],
    ['a builder without an id', policyWith({ builders: '[{level: 1}]' }), ['8:14 policy']],
    ['a builder of level 0', policyWith({ builders: '[{id: b, level: 0}]' }), ['8:29 policy']],
    [
      'a builder with an unknown key',
      policyWith({ builders: '[{id: b, level: 3, x: y}]' }),
      ['8:32 unknown-field'],
    ],
    ['a builder that is text', policyWith({ builders: '[b]' }), ['8:14 shape']],
    ['a builder twice', policyWith({ builders: '[{id: b, level: 3}, {id: b, level: 2}]' }), ['5:1 policy']],
    [
      'a builder with a foreign signer',
      policyWith({ builders: '[{id: b, level: 3, signers: ["sigstore::https://a::b"]}]' }),
      ['5:1 policy'],
    ],
    ['levels without images', policyWith({ levels: '[{level: 2}]' }), ['10:12 policy']],
    ['levels without a level', policyWith({ levels: '[{images: [a]}]' }), ['10:12 policy']],
  ])('may not be %s: nothing of that manifest is promoted', (_what, section, places) => {
    const { manifest, problems } = parseWith(section);
    expect(manifest).toBeUndefined();
    expect(placesOf(problems)).toEqual(places);
    expect(problems.every(({ severity }) => severity === 'error')).toBe(true);
  });
});

describe('signatures of a manifest', () => {
  it('names the signers', () => {
    const { manifest, problems } = KINDS.plain(`signatures:\n  mode: warn\n  signers: ["${SIGNER}"]\n`);
    expect(problems).toEqual([]);
    expect(manifest?.signatures).toEqual({
      mode: 'warn',
      at: { file: 'm.yaml', line: 5, column: 1 },
      policy: { signers: [expect.objectContaining({ kind: 'certificate', text: SIGNER })] },
    });
  });

  it('may name a key as a block of PEM', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const lines = `key::${publicKey.export({ type: 'spki', format: 'pem' }).toString().trim()}`.split('\n');
    const block = [
      'signatures:',
      '  mode: require',
      '  signers:',
      '  - |',
      ...lines.map((line) => `    ${line}`),
      '',
    ];
    const { manifest, problems } = KINDS.thin(block.join('\n'));
    expect(problems).toEqual([]);
    expect(manifest?.signatures).toMatchObject({ policy: { signers: [{ kind: 'key' }] } });
  });

  it.each([
    ['fields of provenance', `signatures: {mode: off, sources: []}\n`, ['5:25 unknown-field']],
    ['no signer', 'signatures: {mode: require, signers: []}\n', ['5:1 policy']],
    [
      'a private key',
      'signatures: {mode: off, signers: ["key::-----BEGIN PRIVATE KEY-----MA=="]}\n',
      ['5:35 policy'],
    ],
  ])('may not have %s', (_what, section, places) => {
    const { manifest, problems } = KINDS.plain(section);
    expect(manifest).toBeUndefined();
    expect(placesOf(problems)).toEqual(places);
  });
});

describe('an expression of a signer', () => {
  async function check(expression: string) {
    const section = `signatures:\n  mode: warn\n  signers: ['sigstore(identityMatch=regex)::https://i::${expression}']\n`;
    const source = new SourceFile('m.yaml', REGISTRIES + section);
    const project = await checkExpressions(parseThin(source, new SourceFile('i.yaml', IMAGES)), source);
    return { project, problems: source.problems };
  }

  it('may be any of RE2', async () => {
    const { project, problems } = await check('.*@example\\.com');
    expect(problems).toEqual([]);
    expect(project.manifest).toBeDefined();
  });

  it.each(['(a', 'a(?=b)', '(a)\\1'])(
    'may not be %s, which is an error with its place',
    async (expression) => {
      const { project, problems } = await check(expression);
      expect(placesOf(problems)).toEqual(['7:13 policy']);
      expect(problems[0]?.message).toMatch(/is not RE2/);
      expect(project).toMatchObject({ manifest: undefined, unguarded: { name: 'gcr.io/staging' } });
    },
  );
});
