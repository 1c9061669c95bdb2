import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeDirectories } from '../../../src/cli/output/new-files.ts';
import { testdir } from '../../builders/testdir.ts';

const TWO = [
  { path: 'images/x', files: { 'images.yaml': 'a' } },
  { path: 'manifests/x', files: { 'promoter-manifest.yaml': 'b' } },
];

it('directories appear with all their files, and no draft is left', async () => {
  const root = join(await testdir({}), 'new/dir');
  await makeDirectories(root, TWO);
  expect((await readdir(root)).toSorted()).toEqual(['images', 'manifests']);
  expect(await readFile(join(root, 'manifests/x/promoter-manifest.yaml'), 'utf8')).toBe('b');
});

it.each([
  ['something in place of the last one', { 't/manifests/x/own': 'kept' }, ['manifests']],
  ['a file in place of its parent', { 't/manifests': 'kept' }, ['manifests']],
])('nothing of it is left after a failure: %s', async (_what, files: Record<string, string>, left) => {
  const root = join(await testdir(files), 't');
  await expect(makeDirectories(root, TWO)).rejects.toThrow();
  expect(await readdir(root)).toEqual(left);
  for (const [path, text] of Object.entries(files)) {
    expect(await readFile(join(root, '..', path), 'utf8')).toBe(text);
  }
});

it('the root goes as well where it was made for nothing', async () => {
  const above = await testdir({});
  const files = { 'a/b': 'no such directory' };
  await expect(makeDirectories(join(above, 'new/dir'), [{ path: 'x', files }])).rejects.toThrow('ENOENT');
  expect(await readdir(above)).toEqual([]);
});
