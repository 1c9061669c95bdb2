import { expect, it } from 'vitest';
import { formatProblems } from '../../../src/cli/runtime/format-problems.ts';
import { testdir } from '../../builders/testdir.ts';

const NEVER = new AbortController().signal;
const DIGEST = `sha256:${'a'.repeat(64)}`;
const FORMATTED = `- name: app\n  dmap:\n    "${DIGEST}": ["v1"]\n`;
const REGISTRIES = 'registries:\n- name: a.io/staging\n  src: true\n- name: b.io/prod\n';

it('names the files of a thin directory that cip fmt would change, and no other', async () => {
  const directory = await testdir({
    'manifests/a/promoter-manifest.yaml': REGISTRIES,
    'images/a/images.yaml': FORMATTED,
    'manifests/b/promoter-manifest.yaml': REGISTRIES,
    'images/b/images.yaml': FORMATTED.replace('["v1"]', "[ 'v1' ]"),
    'manifests/c/promoter-manifest.yaml': REGISTRIES,
    'images/c/images.yaml': '- name: [\n',
  });
  const problems = await formatProblems({ kind: 'thin', directory }, NEVER);
  expect(problems.map(({ rule, severity, at }) => [rule, severity, at.file])).toEqual([
    ['format', 'warning', 'images/b/images.yaml'],
  ]);
});

it('looks at a plain manifest', async () => {
  const directory = await testdir({
    'm.yaml': `${REGISTRIES}images: [{name: app, dmap: {"${DIGEST}": [v1]}}]\n`,
  });
  const file = `${directory}/m.yaml`;
  expect(await formatProblems({ kind: 'plain', file }, NEVER)).toHaveLength(1);
});
