import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { compareText } from '../../base/sorted.ts';
import { quote } from '../../base/text.ts';
import type { CommittedFile } from '../../ports/history.ts';
import type { ManifestSource } from '../../ports/manifest-source.ts';

/** Files and directories below the manifests: a wrong path must not read a whole disk. */
const MAX_ENTRIES = 50_000;
const MAX_DEPTH = 8;
/** Bytes: as for manifests that are read for a promotion. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const YAML = /\.ya?ml$/;

interface Found {
  /** Relative to the directory. */
  readonly path: string;
  readonly place: string;
  /** Differs when the content does. */
  readonly id: string;
}

/**
 * The manifests in a directory, or in one file. Its version is the names, sizes and times of its YAML files; hidden ones
 * are left out.
 */
export function createManifestDirectory(directory: string): ManifestSource {
  return {
    name: directory,
    latest: async (signal) => {
      const found = await findFiles(directory, signal);
      const hash = createHash('sha256');
      for (const { path, id } of found) hash.update(`${path}\0${id}\0`);
      return { id: hash.digest('hex'), commit: undefined };
    },
    read: async (_version, signal) => {
      const found = await findFiles(directory, signal);
      const read = async ({ path, place, id }: Found): Promise<[string, CommittedFile]> => [
        path,
        { id, bytes: await readFile(place, { signal }) },
      ];
      return new Map(await Promise.all(found.map(read)));
    },
  };
}

/** The YAML files below a directory, in order; or the file that the path is. */
async function findFiles(root: string, signal: AbortSignal): Promise<readonly Found[]> {
  const found: Found[] = [];
  let entries = 0;
  const visit = async (path: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    entries += 1;
    if (entries > MAX_ENTRIES)
      throw new Error(
        `${quote(root)} has more than ${MAX_ENTRIES} entries: give the directory of the manifests`,
      );
    const place = join(root, path);
    const stats = await stat(place, { bigint: true }).catch((error: unknown) => {
      if (path === '') throw error;
      return undefined; // a link that leads nowhere, or a file that has just been removed
    });
    if (stats?.isDirectory()) {
      if (depth === MAX_DEPTH) return;
      const names = (await readdir(place)).filter((name) => !name.startsWith('.'));
      await Promise.all(names.map((name) => visit(path === '' ? name : `${path}/${name}`, depth + 1)));
    } else if (stats?.isFile() && (path === '' || YAML.test(path))) {
      if (stats.size > MAX_FILE_BYTES) throw new Error(`${quote(place)} is larger than 64 MiB`);
      found.push({
        path: path === '' ? basename(root) : path,
        place,
        id: `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`,
      });
    }
  };
  await visit('', 0);
  return found.toSorted((a, b) => compareText(a.path, b.path));
}
