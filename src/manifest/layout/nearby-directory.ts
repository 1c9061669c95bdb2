import { join } from 'node:path';
import { listSome, quote } from '../../base/text.ts';
import { type DirectoryEntry, followLinks } from './disk.ts';
import type { Place } from './thin-directory.ts';

/** The deepest directory of a layout is `manifests/NAME`. */
const LEVELS_UP = 2;
/** Subdirectories that are examined: a home directory may have thousands. */
const MAX_EXAMINED = 200;

/**
 * Suggests the manifest directory above, or in a subdirectory, of a wrong one. `directory` is the path as the user
 * typed it; undefined if no manifest directory is near.
 */
export async function adviseNearbyDirectory(
  directory: string,
  { root, entries }: { readonly root: Place; readonly entries: readonly DirectoryEntry[] },
): Promise<string | undefined> {
  for (let level = 1; level <= LEVELS_UP; level++) {
    const up = Array.from({ length: level }, () => '..');
    if (await isManifestDirectory(join(root.path, ...up))) return didYouMean([join(directory, ...up)]);
  }
  const below: string[] = [];
  const candidates = entries.filter(({ name, kind }) => kind === 'directory' && !name.startsWith('.'));
  for (const { name } of candidates.slice(0, MAX_EXAMINED)) {
    if (await isManifestDirectory(join(root.path, name))) below.push(join(directory, name));
  }
  return below.length === 0 ? undefined : didYouMean(below);
}

async function isManifestDirectory(path: string): Promise<boolean> {
  const found = await Promise.all(['manifests', 'images'].map((name) => followLinks(join(path, name))));
  return found.every((target) => target.kind === 'ok' && target.value.kind === 'directory');
}

function didYouMean(directories: readonly string[]): string {
  return `did you mean ${listSome(directories.map(quote))}?`;
}
