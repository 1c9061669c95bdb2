import { describe, expect, it } from 'vitest';
import { testdir } from '../../builders/testdir.ts';
import { digest, readThin, summaryOf } from '../checks.ts';

const SIGNER = 'sigstore::https://i::a@example.com';
const OTHER = 'sigstore::https://i::b@example.com';

interface Project {
  readonly source: string;
  readonly policy?: string;
  readonly images?: string;
}

/** The projects that are left, and the problems, of a directory. */
async function readProjects(projects: Readonly<Record<string, Project>>) {
  const images = `- name: app\n  dmap: {"${digest('a')}": [v1]}\n`;
  const files = Object.entries(projects).flatMap(([name, project]) => {
    const registries = `registries:\n- {name: ${project.source}, src: true}\n- name: p.io/${name}\n`;
    return [
      [`manifests/${name}/promoter-manifest.yaml`, registries + (project.policy ?? '')],
      [`images/${name}/images.yaml`, project.images ?? images],
    ] as const;
  });
  const { manifests, problems } = await readThin(await testdir(Object.fromEntries(files)));
  return {
    left: manifests.map(({ destinations }) => destinations[0]?.name.slice('p.io/'.length)),
    problems: summaryOf(problems),
    messages: problems.map(({ message }) => message),
  };
}

function signatures(mode: string, ...signers: readonly string[]): string {
  return `signatures: {mode: ${mode}, signers: [${signers.map((one) => `"${one}"`).join(', ')}]}\n`;
}

describe('manifests that share a source', () => {
  it.each([
    ['no policy', '', ''],
    ['one that is off and none', signatures('off', SIGNER), ''],
    ['the same policy', signatures('warn', SIGNER), signatures('warn', SIGNER)],
    [
      'the same signers in another order',
      signatures('warn', SIGNER, OTHER),
      signatures('warn', OTHER, SIGNER),
    ],
  ])('may have %s', async (_what, a, b) => {
    const { left, problems } = await readProjects({
      a: { source: 's.io/x', policy: a },
      b: { source: 's.io/x', policy: b },
    });
    expect(problems).toEqual([]);
    expect(left).toEqual(['a', 'b']);
  });

  it.each([
    ['one has none', signatures('require', SIGNER), ''],
    ['their modes differ', signatures('require', SIGNER), signatures('warn', SIGNER)],
    ['their signers differ', signatures('warn', SIGNER), signatures('warn', OTHER)],
  ])('are left out if %s, and no other is', async (_what, a, b) => {
    const { left, problems, messages } = await readProjects({
      a: { source: 's.io/x', policy: a },
      b: { source: 's.io/x', policy: b },
      c: { source: 's.io/y' },
    });
    expect(left).toEqual(['c']);
    expect(problems).toEqual([
      'manifests/a/promoter-manifest.yaml:2:3 error policy',
      'manifests/b/promoter-manifest.yaml:2:3 error policy',
    ]);
    expect(messages[0]).toMatch(/manifests\/b\/promoter-manifest.yaml declares other policies/);
  });
});

describe('a source below another one', () => {
  it('may have a policy of its own', async () => {
    const { left, problems } = await readProjects({
      a: { source: 's.io/x', policy: signatures('require', SIGNER) },
      b: { source: 's.io/x/nested', policy: signatures('warn', OTHER) },
    });
    expect(problems).toEqual([]);
    expect(left).toEqual(['a', 'b']);
  });

  it.each([
    ['has a faulty policy', { policy: signatures('require', 'nobody') }],
    ['has a policy that is no map', { policy: 'signatures: [require]\n' }],
    [
      'has a faulty expression',
      { policy: signatures('warn', 'sigstore(identityMatch=regex)::https://i::(') },
    ],
    [
      'has a policy and no usable list of images',
      { policy: signatures('warn', SIGNER), images: 'name: app\n' },
    ],
  ])('is left out if the one above %s', async (_what, above) => {
    const { left, messages } = await readProjects({
      a: { source: 's.io/x', ...above },
      b: { source: 's.io/x/nested' },
      c: { source: 's.io/x-other' },
    });
    expect(left).toEqual(['c']);
    expect(messages.at(-1)).toMatch(/the policies of manifests\/a\/.* apply to this source too/);
  });
});
