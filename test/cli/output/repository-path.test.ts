import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryPaths } from '../../../src/cli/output/repository-path.ts';
import { testdir } from '../../builders/testdir.ts';

const FILE = 'images/x/images.yaml';

it.each([
  ['a clone', '.git/HEAD'],
  ['a worktree', '.git'],
])('is relative to the top of %s', async (_what, git) => {
  const directory = await testdir({ [git]: '', [`registry/${FILE}`]: '', 'plain/m.yaml': '' });
  const thin = repositoryPaths({ kind: 'thin', directory: join(directory, 'registry/') });
  expect(thin(FILE)).toBe(`registry/${FILE}`);
  const file = join(directory, 'plain/m.yaml');
  expect(repositoryPaths({ kind: 'plain', file })(file)).toBe('plain/m.yaml');
});

it('is relative to the working directory without a repository', async () => {
  const directory = await testdir({ [FILE]: '' });
  const path = repositoryPaths({ kind: 'thin', directory })(FILE);
  expect(join(process.cwd(), path)).toBe(join(directory, FILE));
});
