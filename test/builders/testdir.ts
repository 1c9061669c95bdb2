import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What stands at a path: a text, bytes, or a symbolic link to another path. */
export type TestFile = string | Uint8Array | { readonly link: string };

/**
 * A directory with these files, removed when the running test ends. A path that ends with a slash is a directory
 * without files. The result is an absolute path without links in it.
 */
export async function testdir(files: Readonly<Record<string, TestFile>>): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'testdir-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  for (const [path, file] of Object.entries(files)) {
    const place = join(directory, path);
    await mkdir(path.endsWith('/') ? place : dirname(place), { recursive: true });
    if (path.endsWith('/')) continue;
    if (typeof file === 'object' && 'link' in file) await symlink(file.link, place);
    else await writeFile(place, file);
  }
  return directory;
}
