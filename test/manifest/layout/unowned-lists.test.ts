import { expect, it } from 'vitest';
import { digest } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { readManifests } from '../../../src/manifest/read-manifests.ts';
import { thinFiles } from '../../system/staging.ts';

const project = { from: 's.io/s', to: ['p.io/p'], images: { app: { [digest('a')]: ['v1'] } } };

async function unowned(...owners: readonly string[]): Promise<readonly string[]> {
  const files = Object.fromEntries(owners.map((path) => [path, 'approvers: [somebody]\n']));
  const directory = await testdir({ ...thinFiles({ x: project, y: project }), ...files });
  const { problems } = await readManifests({ kind: 'thin', directory }, new AbortController().signal);
  return problems.map(({ rule, severity, at }) => `${severity} ${rule} ${at.file}`);
}

it('a list without owners is found where others have some', async () => {
  expect(await unowned('images/x/OWNERS')).toEqual(['warning owners images/y/images.yaml']);
});

it.each([
  ['each list has owners', ['images/x/OWNERS', 'images/y/OWNERS']],
  ['a directory above has them', ['images/x/OWNERS', 'images/OWNERS']],
  ['the top has them', ['images/x/OWNERS', 'OWNERS']],
  ['no list has any', []],
])('nothing is found where %s', async (_what, owners) => {
  expect(await unowned(...owners)).toEqual([]);
});
