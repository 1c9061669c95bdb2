// Covers src/adapters/git/source-tree.ts
import { execFileSync } from 'node:child_process';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGitTree } from '../../../src/adapters/git/source-tree.ts';
import { testdir } from '../../builders/testdir.ts';

const NEVER = new AbortController().signal;
const ENV = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

function git(directory: string, ...args: readonly string[]): string {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', ['-C', directory, ...who, ...args], { env: ENV, encoding: 'utf8' }).trim();
}

async function tree() {
  const directory = await testdir({ 'm.yaml': 'a\n', 'other.yaml': 'b\n' });
  git(directory, 'init', '--quiet');
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '-m', 'begin');
  return { directory, commit: git(directory, 'rev-parse', 'HEAD') };
}

it('tells the commit, and whether the manifests differ from it', async () => {
  const { directory, commit } = await tree();
  const whole = createGitTree({ kind: 'thin', directory }, ENV);
  const file = createGitTree({ kind: 'plain', file: join(directory, 'm.yaml') }, ENV);
  expect(await whole.revision(NEVER)).toEqual({ commit, dirty: false });
  writeFileSync(join(directory, 'other.yaml'), 'c\n');
  expect(await whole.revision(NEVER)).toEqual({ commit, dirty: true });
  expect(await file.revision(NEVER)).toEqual({ commit, dirty: false });
  writeFileSync(join(directory, 'm.yaml'), 'c\n');
  expect(await file.revision(NEVER)).toEqual({ commit, dirty: true });
});

it('counts a new file', async () => {
  const { directory, commit } = await tree();
  writeFileSync(join(directory, 'new.yaml'), 'c\n');
  expect(await createGitTree({ kind: 'thin', directory }, ENV).revision(NEVER)).toEqual({
    commit,
    dirty: true,
  });
});

it.each([
  ['core.fsmonitor', []],
  ['filter.own.clean', []],
  ['filter.own.process', []],
  ['filter.a=b.clean', []],
  ['filter.own.clean', ['filter.own.required', 'true']],
])('runs nothing that the tree configures as %s', async (name, also) => {
  const { directory, commit } = await tree();
  const trace = join(directory, 'ran');
  git(directory, 'config', name, `touch ${trace}; cat`);
  if (also.length > 0) git(directory, 'config', ...also);
  const filter = name.split('.').slice(1, -1).join('.');
  writeFileSync(join(directory, '.git/info/attributes'), `*.yaml filter=${filter}\n`);
  utimesSync(join(directory, 'm.yaml'), 1, 1); // so git reads the file again
  expect(await createGitTree({ kind: 'thin', directory }, ENV).revision(NEVER)).toEqual({
    commit,
    dirty: false,
  });
  expect(existsSync(trace)).toBe(false);
});

it('keeps the settings of the environment', async () => {
  const { directory, commit } = await tree();
  writeFileSync(join(directory, 'new.yaml'), 'c\n');
  const env = {
    ...ENV,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'status.showUntrackedFiles',
    GIT_CONFIG_VALUE_0: 'no',
  };
  git(directory, 'config', 'filter.own.clean', 'false');
  expect(await createGitTree({ kind: 'thin', directory }, env).revision(NEVER)).toEqual({
    commit,
    dirty: false,
  });
});

it('reads the tree of another user', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can give a tree to another user');
  const { directory, commit } = await tree();
  execFileSync('chown', ['-R', '12345:12345', directory]);
  expect(() => git(directory, 'rev-parse', 'HEAD')).toThrow('dubious ownership');
  const whole = createGitTree({ kind: 'thin', directory }, { PATH: ENV.PATH });
  expect(await whole.revision(NEVER)).toEqual({ commit, dirty: false });
});

it.each([
  ['a directory that is in no tree', (directory: string) => ({ directory, env: ENV })],
  ['a machine without git', (directory: string) => ({ directory, env: { PATH: '/nowhere' } })],
  ['a directory that is not there', () => ({ directory: '/nowhere', env: ENV })],
])('tells nothing of %s', async (_what, of) => {
  const { directory, env } = of(await testdir({ 'm.yaml': '' }));
  expect(await createGitTree({ kind: 'thin', directory }, env).revision(NEVER)).toBeUndefined();
});
