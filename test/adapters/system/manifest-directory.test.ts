import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createManifestDirectory } from '../../../src/adapters/system/manifest-directory.ts';
import { testdir } from '../../builders/testdir.ts';

const { signal } = new AbortController();

async function readAll(path: string): Promise<Record<string, string>> {
  const source = createManifestDirectory(path);
  const files = await source.read(await source.latest(signal), signal);
  return Object.fromEntries(Array.from(files, ([name, { bytes }]) => [name, Buffer.from(bytes).toString()]));
}

it('reads the YAML files of a directory, links followed, without hidden ones', async () => {
  const path = await testdir({
    'manifests/a/promoter-manifest.yaml': 'a',
    'b.yml': 'b',
    README: 'no',
    '.git/c.yaml': 'no',
    '..data/d.yaml': 'd',
    'd.yaml': { link: '..data/d.yaml' },
    'gone.yaml': { link: 'nowhere' },
  });
  expect(await readAll(path)).toEqual({
    'manifests/a/promoter-manifest.yaml': 'a',
    'b.yml': 'b',
    'd.yaml': 'd',
  });
});

it('reads a single file', async () => {
  const path = await testdir({ 'plain.yaml': 'a' });
  expect(await readAll(join(path, 'plain.yaml'))).toEqual({ 'plain.yaml': 'a' });
});

it('has another version after each change, and the same without one', async () => {
  const path = await testdir({ 'a.yaml': '1' });
  const source = createManifestDirectory(path);
  const idOf = async () => (await source.latest(signal)).id;
  const seen = [await idOf()];
  expect(await idOf()).toBe(seen[0]);
  for (const change of [
    () => writeFile(join(path, 'a.yaml'), '22'),
    () => writeFile(join(path, 'b.yaml'), ''),
    () => rm(join(path, 'a.yaml')),
  ]) {
    await change();
    seen.push(await idOf());
  }
  expect(new Set(seen).size).toBe(4);
});

it('refuses a path that is not there, and ends in a loop of links', async () => {
  await expect(createManifestDirectory('/nonexistent').latest(signal)).rejects.toThrow(/ENOENT/);
  const path = await testdir({ 'a.yaml': '1' });
  await mkdir(join(path, 'd'));
  await symlink('..', join(path, 'd/up'));
  await expect(createManifestDirectory(path).latest(signal)).resolves.toMatchObject({ commit: undefined });
});
