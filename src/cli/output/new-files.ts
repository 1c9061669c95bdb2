import { lstat, mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A directory that is created with all its files, or not at all. */
export interface NewDirectory {
  /** Relative to the root. */
  readonly path: string;
  /** Contents by file name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Creates directories below a root, in order. Their files are written and flushed in a temporary directory and moved into
 * place as a whole. If a step fails, everything created is removed. Existing files are never replaced.
 */
export async function makeDirectories(root: string, directories: readonly NewDirectory[]): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  const ensure = async (path: string) => {
    const first = await mkdir(path, { recursive: true });
    const made = first === undefined ? [] : pathsBetween(first, path);
    for (const directory of made) undo.push(() => rmdir(directory));
  };
  try {
    await ensure(resolve(root));
    const draft = join(root, `.cip-init-${crypto.randomUUID()}`);
    await mkdir(draft);
    try {
      for (const [index, { files }] of directories.entries())
        await writeFiles(join(draft, String(index)), files);
      for (const [index, { path }] of directories.entries()) {
        const target = join(root, path);
        await ensure(dirname(resolve(target)));
        if (await exists(target)) throw new Error(`${target} exists: nothing is overwritten`);
        await rename(join(draft, String(index)), target);
        undo.push(() => rm(target, { recursive: true }));
      }
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => {}); // a directory with other files stays
    throw error;
  }
}

/** The paths of a directory and of each one between it and a directory below. */
function pathsBetween(first: string, last: string): readonly string[] {
  return last.length <= first.length ? [first] : [...pathsBetween(first, dirname(last)), last];
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

async function writeFiles(directory: string, files: NewDirectory['files']): Promise<void> {
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) {
    const file = await open(join(directory, name), 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
