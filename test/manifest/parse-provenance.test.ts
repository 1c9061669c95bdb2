import { describe, expect, it } from 'vitest';
import { parseThin } from '../../src/manifest/parse-manifest.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';
import { digest, parse, placesOf, REGISTRIES } from './checks.ts';

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

/** As documented upstream. */
const POLICY = `
  signers: ["sigstore::https://accounts.google.com::builder@project.iam.gserviceaccount.com"]
  builders:
  - id: https://cloudbuild.googleapis.com/projects/p/serviceAccounts/builder
    level: 1
  sources: [github.com/kubernetes-sigs/app]
  predicateTypes: [https://spdx.dev/Document]
  level: 2
  levels: [{images: [app], level: 3}]
`;

describe.each(Object.entries(KINDS))('provenance of a %s manifest', (_kind, parseWith) => {
  it.each([
    ['no section', '', undefined],
    ['a section without a value', 'provenance:\n', undefined],
    ['an empty section', 'provenance: {}\n', 'off'],
    ['mode off', 'provenance: {mode: off}\n', 'off'],
    ['a quoted mode', 'provenance: {mode: "off"}\n', 'off'],
    ['mode off and a policy', `provenance:\n  mode: off${POLICY}`, 'off'],
    ['mode require', 'provenance: {mode: require}\n', 'require'],
    ['mode require and a policy', `provenance:\n  mode: require${POLICY}`, 'require'],
  ])('may be %s', (_what, section, mode) => {
    const { manifest, problems } = parseWith(section);
    expect(problems).toEqual([]);
    expect(manifest?.images).toHaveLength(1);
    expect(manifest?.provenance?.mode).toBe(mode);
  });

  it('knows the position of the section', () => {
    const at = { file: 'm.yaml', line: 5, column: 1 };
    expect(parseWith('provenance:\n  mode: require\n').manifest?.provenance).toEqual({ mode: 'require', at });
  });

  it('warns that a policy of mode warn is not evaluated', () => {
    const { manifest, problems } = parseWith(`provenance:\n  mode: warn${POLICY}`);
    expect(manifest?.provenance?.mode).toBe('warn');
    expect(placesOf(problems)).toEqual(['5:1 provenance']);
    expect(problems[0]).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/not evaluated/),
    });
  });

  it('warns of a policy without a mode', () => {
    const { manifest, problems } = parseWith(`provenance:${POLICY}`);
    expect(manifest?.provenance?.mode).toBe('off');
    expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringMatching(/is off/) }]);
  });

  it.each([
    ['an unknown mode', 'provenance:\n  mode: requires\n', ['6:9 provenance']],
    ['a mode in upper case', 'provenance: {mode: OFF}\n', ['5:20 provenance']],
    ['a boolean mode', 'provenance: {mode: false}\n', ['5:20 provenance']],
    ['an empty mode', 'provenance: {mode: ""}\n', ['5:20 provenance']],
    ['a mode that is a list', 'provenance: {mode: [require]}\n', ['5:20 shape']],
    ['an unknown key', 'provenance:\n  mode: off\n  signer: []\n', ['7:3 unknown-field']],
    ['a mode twice', 'provenance:\n  mode: off\n  mode: require\n', ['7:3 duplicate-key']],
    ['text', 'provenance: require\n', ['5:13 shape']],
    ['a list', 'provenance: [{mode: require}]\n', ['5:13 shape']],
    ['the section twice', 'provenance: {}\nprovenance: {mode: require}\n', ['6:1 duplicate-key']],
  ])('may not be %s: nothing of that manifest is promoted', (_what, section, places) => {
    const { manifest, problems } = parseWith(section);
    expect(manifest).toBeUndefined();
    expect(placesOf(problems)).toEqual(places);
    expect(problems.every(({ severity }) => severity === 'error')).toBe(true);
  });
});
