import { listDirectory } from './disk.ts';
import { namesOf, OWNERS_FILE } from './project-files.ts';
import type { Place, ThinDirectory } from './thin-directory.ts';

/**
 * Warns of lists of images without an OWNERS file in their directory or above it, where other lists have one: nobody
 * but the owners of the whole repository can approve their changes.
 */
export async function warnUnownedLists(
  lists: readonly Place[],
  { images, thin }: { readonly images: Place; readonly thin: ThinDirectory },
): Promise<void> {
  const above = await Promise.all([images, thin.root].map(({ path }) => hasOwners(path)));
  if (above.includes(true)) return;
  const directories = lists.map(({ path }) => path.slice(0, path.lastIndexOf('/')));
  const owned = await Promise.all(directories.map(hasOwners));
  if (!owned.includes(true)) return; // no project has OWNERS
  for (const [index, { file }] of lists.entries()) {
    const message = `no OWNERS file in the directory of this list: add one with the approvers of the project`;
    if (owned[index] === false) thin.warn(file, message, 'owners');
  }
}

async function hasOwners(directory: string): Promise<boolean> {
  const entries = await listDirectory(directory);
  return entries.kind === 'ok' && namesOf(entries.value).includes(OWNERS_FILE);
}
