import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBareClone } from '../../../src/adapters/git/bare-clone.ts';
import { GIT_ENV, gitRepository } from '../../builders/git-repository.ts';
import { testdir } from '../../builders/testdir.ts';
import { startGitServer } from '../../doubles/git-server.ts';

const { signal } = new AbortController();

async function open({ path = '', branch = 'main' } = {}) {
  const repository = await gitRepository();
  const server = await startGitServer(repository.directory);
  const directory = join(await testdir({}), 'clone');
  const source = createBareClone({ url: `${server.url}/.git`, branch, path, directory, env: GIT_ENV });
  const read = async () => {
    const version = await source.latest(signal);
    const files = await source.read(version, signal);
    const texts = Array.from(files, ([name, { bytes }]) => [name, Buffer.from(bytes).toString()]);
    return { commit: version.commit, files: Object.fromEntries(texts) };
  };
  return { ...repository, source, read, clone: directory };
}

describe('a bare clone', () => {
  it('has the YAML files of the newest commit of a branch, and no working tree', async () => {
    const { commit, read, clone } = await open();
    const first = commit({
      'manifests/a/promoter-manifest.yaml': 'a',
      'images/a/images.yaml': 'b',
      README: 'c',
    });
    expect(await read()).toEqual({
      commit: first,
      files: { 'manifests/a/promoter-manifest.yaml': 'a', 'images/a/images.yaml': 'b' },
    });
    const second = commit({ 'images/a/images.yaml': 'changed' });
    expect(await read()).toEqual({ commit: second, files: { 'images/a/images.yaml': 'changed' } });
    expect(existsSync(join(clone, 'images'))).toBe(false);
  });

  it('follows a branch that was rewritten', async () => {
    const { commit, git, read } = await open();
    commit({ 'a.yaml': '1' });
    await read();
    git('checkout', '--quiet', '--orphan', 'other');
    const rewritten = commit({ 'b.yaml': '2' });
    git('branch', '-M', 'other', 'main');
    expect(await read()).toEqual({ commit: rewritten, files: { 'b.yaml': '2' } });
  });

  it.each(['k8s', 'k8s/', './k8s', '/k8s'])('reads the directory %s alone', async (path) => {
    const { commit, read } = await open({ path });
    commit({ 'k8s/a.yaml': 'a', 'k8s2/b.yaml': 'b', 'c.yaml': 'c' });
    expect((await read()).files).toEqual({ 'a.yaml': 'a' });
  });

  it.each(['.', './', '/', 'k8s/..'])('reads the whole repository as %s', async (path) => {
    const { commit, read } = await open({ path });
    commit({ 'k8s/a.yaml': 'a', 'c.yaml': 'c' });
    expect((await read()).files).toEqual({ 'k8s/a.yaml': 'a', 'c.yaml': 'c' });
  });

  it('says what failed, and works again when the server does', async () => {
    const { commit, directory, read } = await open();
    commit({ 'a.yaml': '1' });
    await rename(join(directory, '.git'), join(directory, 'away'));
    await expect(read()).rejects.toThrow(/^git fetch of "http:.*" failed: fatal: .*not found/);
    await rename(join(directory, 'away'), join(directory, '.git'));
    expect((await read()).files).toEqual({ 'a.yaml': '1' });
  });

  it.each([
    ['has a lock of a git that was killed', (clone: string) => writeFile(join(clone, 'shallow.lock'), '')],
    ['was removed', (clone: string) => rm(clone, { recursive: true })],
    ['lost its objects', (clone: string) => rm(join(clone, 'objects'), { recursive: true })],
  ])('that %s is made anew', async (_, damage) => {
    const { commit, read, clone } = await open();
    commit({ 'a.yaml': '1' });
    await read();
    await damage(clone);
    commit({ 'a.yaml': '2' });
    await expect(read()).rejects.toThrow(/^git fetch of "http:.*" failed: fatal: /);
    expect((await read()).files).toEqual({ 'a.yaml': '2' });
  });

  it('says which branch is missing, and never shows a password', async () => {
    const { commit, read } = await open({ branch: 'release' });
    commit({ 'a.yaml': '1' });
    await expect(read()).rejects.toThrow(/refs\/heads\/release/);
    const url = 'http://user:hunter22@127.0.0.1:9/x.git';
    const directory = await testdir({});
    const source = createBareClone({ url, branch: 'main', path: '', directory, env: GIT_ENV });
    expect(source.name).not.toContain('hunter22');
    await expect(source.latest(signal)).rejects.toThrow(/^(?!.*hunter22)/);
  });
});
