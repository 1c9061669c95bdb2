// Covers src/adapters/git/history.ts
// Covers src/adapters/git/cat-file.ts
// Covers src/adapters/git/git.ts
// Covers src/adapters/git/repository.ts
// Covers src/ports/history.ts
import { chownSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBatch } from '../../../src/adapters/git/cat-file.ts';
import { createGitHistory } from '../../../src/adapters/git/history.ts';
import { GIT_ENV, type GitRepository, gitRepository, runGit } from '../../builders/git-repository.ts';
import { testdir } from '../../builders/testdir.ts';

const NEVER = new AbortController().signal;

function historyOf(directory: string, env: NodeJS.ProcessEnv = GIT_ENV) {
  const history = createGitHistory({ kind: 'thin', directory }, env);
  const texts = async (commit: string | undefined) => {
    const files = await history.read(commit, await history.list(commit, NEVER), NEVER);
    return Object.fromEntries(
      Array.from(files, ([path, { bytes }]) => [path, Buffer.from(bytes).toString()]),
    );
  };
  return { ...history, texts };
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

/** A repository with one commit for each text of the file `d/f`. */
async function withCommits(...texts: readonly string[]) {
  const repository = await gitRepository();
  const commits = texts.map((text) => repository.commit({ 'd/f': text }));
  return { ...repository, commits };
}

describe('the files of a commit', () => {
  it('are read without a checkout, relative to the directory', async () => {
    const repository = await gitRepository();
    const old = repository.commit({ 'deep/er/f': 'old', 'deep/er/g/h': 'ö \0', other: '' });
    repository.commit({ other: 'new' });
    mkdirSync(join(repository.directory, 'deep/er'), { recursive: true });
    const { texts } = historyOf(join(repository.directory, 'deep/er'));
    expect(await texts(old)).toEqual({ f: 'old', 'g/h': 'ö \0' });
    expect(await texts('HEAD')).toEqual({});
    expect(await texts(undefined)).toEqual({});
    expect(Object.keys(await historyOf(repository.directory).texts(old))).toEqual([
      'deep/er/f',
      'deep/er/g/h',
      'other',
    ]);
    expect(readdirSync(repository.directory)).toEqual(['.git', 'deep', 'other']);
  });

  it('are those that links lead to, inside of the commit', async () => {
    const repository = await gitRepository();
    repository.commit({ 'a/f': 'text' });
    symlinkSync('a', join(repository.directory, 'l'));
    symlinkSync('nowhere', join(repository.directory, 'dangling'));
    symlinkSync('/etc/passwd', join(repository.directory, 'outside'));
    repository.git('add', '.');
    repository.git('commit', '--quiet', '-m', 'links');
    const { list, read } = historyOf(repository.directory);
    expect(await list('HEAD', NEVER)).toEqual(['a/f', 'dangling', 'l', 'outside']);
    const files = await read('HEAD', ['dangling', 'outside', 'l/f', 'missing', 'a', 'a/f'], NEVER);
    expect(Array.from(files.keys())).toEqual(['l/f', 'a/f']);
    expect(files.get('l/f')).toEqual(files.get('a/f'));
  });

  it('are read from a directory whose name looks like a pattern or a link', async () => {
    const repository = await gitRepository();
    repository.commit({ ':(glob)[a]*/f': 'text', 'a/f': 'other' });
    symlinkSync(':(glob)[a]*', join(repository.directory, 'link'));
    expect(await historyOf(join(repository.directory, ':(glob)[a]*')).texts('HEAD')).toEqual({ f: 'text' });
    expect(await historyOf(join(repository.directory, 'link')).texts('HEAD')).toEqual({ f: 'text' });
  });

  it('are read in a worktree and in a submodule', async () => {
    const { directory, commits, git } = await withCommits('one', 'two');
    const outer = await gitRepository();
    runGit(outer.directory, [
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      directory,
      'sub',
    ]);
    git('worktree', 'add', '--quiet', join(outer.directory, 'tree'), 'HEAD');
    for (const place of ['sub/d', 'tree/d']) {
      const { texts, parent } = historyOf(join(outer.directory, place));
      expect(await parent(NEVER)).toBe(commits[0]);
      expect(await texts(commits[0])).toEqual({ f: 'one' });
    }
  });

  it('are those of the directory where a hook of another repository runs this', async () => {
    const { directory } = await withCommits('one');
    const env = { ...GIT_ENV, GIT_DIR: '.git', GIT_INDEX_FILE: '.git/index', GIT_WORK_TREE: '.' };
    expect(await historyOf(join(directory, 'd'), env).texts('HEAD')).toEqual({ f: 'one' });
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(!isRoot)(
    `of another user are read${isRoot ? '' : ' (skipped: only root can make them)'}`,
    async () => {
      const { directory, commits } = await withCommits('one', 'two');
      for (const path of [directory, join(directory, '.git')]) chownSync(path, 12_345, 12_345);
      expect(() => runGit(directory, ['rev-parse', 'HEAD'])).toThrow(/dubious ownership/);
      const { texts, parent } = historyOf(join(directory, 'd'));
      expect(await texts(await parent(NEVER))).toEqual({ f: 'one' });
      expect(commits).toHaveLength(2);
    },
  );

  it('are not fetched into a partial clone', async () => {
    const { directory, git, commits } = await withCommits('one', 'two');
    git('config', 'uploadpack.allowFilter', 'true');
    const clone = await testdir({});
    runGit(clone, ['clone', '--quiet', '--filter=blob:none', `file://${directory}`, '.']);
    const { texts } = historyOf(join(clone, 'd'));
    await expect(texts(commits[0])).rejects.toThrow(
      `the clone "${clone}" is partial and lacks files of the base: run "git -C ${clone} fetch --refetch --no-filter"`,
    );
    runGit(clone, ['fetch', '--quiet', '--refetch', '--no-filter']);
    expect(await texts(commits[0])).toEqual({ f: 'one' });
  });

  it('are complete, or an error', () => {
    const output = Buffer.from('id1 blob 3\nabc\nmissing missing\nid2 blob 5\nab');
    expect(() => parseBatch(output, ['a', 'missing', 'b'])).toThrow(/incomplete/);
    expect(Array.from(parseBatch(output, ['a', 'missing']).keys())).toEqual(['a']);
    expect(() => parseBatch(Buffer.from(''), ['a'])).toThrow(/incomplete/);
  });
});

describe('the base', () => {
  it('is the newest commit that a branch and HEAD have in common', async () => {
    const { directory, git, commits, commit } = await withCommits('one', 'two');
    git('checkout', '--quiet', '-b', 'topic');
    commit({ 'd/f': 'topic' });
    git('checkout', '--quiet', 'main');
    commit({ 'd/f': 'main' });
    git('checkout', '--quiet', 'topic');
    const { baseOf } = historyOf(join(directory, 'd'));
    expect(await baseOf('main', NEVER)).toBe(commits[1]);
    expect(await baseOf(commits[0] ?? '', NEVER)).toBe(commits[0]);
  });

  it('is the first parent of a merge', async () => {
    const { directory, git, commits, commit } = await withCommits('one', 'two');
    git('checkout', '--quiet', '-b', 'topic', 'HEAD^');
    commit({ 'd/f': 'one', 'd/g': 'topic' });
    git('checkout', '--quiet', 'main');
    git('merge', '--quiet', '--no-edit', 'topic');
    expect(await historyOf(join(directory, 'd')).parent(NEVER)).toBe(commits[1]);
  });

  it('is none for the first commit', async () => {
    const { directory } = await withCommits('one');
    expect(await historyOf(join(directory, 'd')).parent(NEVER)).toBeUndefined();
  });

  it.each([['nowhere'], ['--help'], ['HEAD:d/f'], ['0'.repeat(40)]])('cannot be %s', async (revision) => {
    const { directory } = await withCommits('one');
    const base = historyOf(join(directory, 'd')).baseOf(revision, NEVER);
    await expect(base).rejects.toMatchObject({
      code: 'no-commit',
      message: expect.stringMatching(/^no commit "/),
    });
  });

  it('cannot be of another history', async () => {
    const { directory, git } = await withCommits('one');
    git('checkout', '--quiet', '--orphan', 'other');
    git('commit', '--quiet', '--allow-empty', '-m', 'other');
    await expect(historyOf(join(directory, 'd')).baseOf('main', NEVER)).rejects.toThrow(
      /have no commit in common/,
    );
  });

  it('needs the command that the message names, in a shallow clone', async () => {
    const { directory, commits } = await withCommits('one', 'two', 'three');
    const clone = await testdir({});
    runGit(clone, ['clone', '--quiet', '--depth=1', `file://${directory}`, '.']);
    const { parent, baseOf, since } = historyOf(join(clone, 'd'));
    const command = `git -C ${clone} fetch --unshallow`;
    const refusals = [parent(NEVER), baseOf(commits[1] ?? '', NEVER), since('14 days', NEVER)];
    for (const refused of await Promise.allSettled(refusals)) {
      expect(refused).toMatchObject({
        status: 'rejected',
        reason: { code: 'incomplete', message: expect.stringContaining(command) },
      });
    }
    runGit(clone, command.split(' ').slice(3));
    expect(await historyOf(join(clone, 'd')).parent(NEVER)).toBe(commits[1]);
  });
});

describe('a period', () => {
  const statesSince = async ({ directory }: GitRepository, age = '14 days') =>
    (await historyOf(join(directory, 'd')).since(age, NEVER)).states;

  it('has the state before it, and those of its commits that touch the directory', async () => {
    const repository = await gitRepository();
    repository.commit({ 'd/f': 'first' }, daysAgo(30));
    const before = repository.commit({ 'd/f': 'before' }, daysAgo(20));
    const one = repository.commit({ 'd/f': 'one' }, daysAgo(10));
    repository.commit({ 'd/f': 'one', other: '' }, daysAgo(9));
    const two = repository.commit({ 'd/f': 'two' }, daysAgo(5));
    expect(await statesSince(repository)).toEqual([before, one, two]);
    expect(await statesSince(repository, '7 days')).toEqual([one, two]);
    expect(await statesSince(repository, '1 day')).toEqual([two]);
    expect(await statesSince(repository, daysAgo(7))).toEqual([one, two]);
  });

  it('begins with nothing where the first commit is in it', async () => {
    const repository = await gitRepository();
    const one = repository.commit({ 'd/f': 'one' }, daysAgo(3));
    expect(await statesSince(repository)).toEqual([undefined, one]);
  });

  it('has a merge at its own time, whenever its commits were made', async () => {
    const repository = await gitRepository();
    const { git, commit } = repository;
    const before = commit({ 'd/f': 'before' }, daysAgo(40));
    git('checkout', '--quiet', '-b', 'topic');
    commit({ 'd/f': 'before', 'd/g': 'topic' }, daysAgo(30));
    git('checkout', '--quiet', 'main');
    git('merge', '--quiet', '--no-ff', '--no-edit', 'topic');
    expect(await statesSince(repository)).toEqual([before, git('rev-parse', 'HEAD')]);
  });

  it('has all commits after its oldest, whatever their dates', async () => {
    const repository = await gitRepository();
    const before = repository.commit({ 'd/f': 'before' }, daysAgo(40));
    const one = repository.commit({ 'd/f': 'one' }, daysAgo(5));
    const rebased = repository.commit({ 'd/f': 'rebased' }, daysAgo(30));
    expect(await statesSince(repository)).toEqual([before, one, rebased]);
  });

  it.each([['2w'], ['14d'], ['soon'], ['tomorrow'], [' ']])('cannot begin %j', async (age) => {
    const { directory } = await withCommits('one');
    await expect(historyOf(directory).since(age, NEVER)).rejects.toMatchObject({
      code: 'no-age',
      message: expect.stringMatching(/does not name a time in the past: write "14 days"/),
    });
  });
});

it('is none outside of a repository, and without git', async () => {
  const directory = await testdir({});
  await expect(historyOf(directory).parent(NEVER)).rejects.toThrow(
    /is in no git repository \(fatal: not a git repository/,
  );
  const blind = historyOf(directory, { PATH: '/nowhere' }).parent(NEVER);
  await expect(blind).rejects.toMatchObject({
    code: 'no-repository',
    message: 'there is no git in PATH: install git',
  });
});

it('stops with its signal', async () => {
  const { directory } = await withCommits('one');
  await expect(historyOf(directory).parent(AbortSignal.abort('stopped'))).rejects.toBe('stopped');
});
