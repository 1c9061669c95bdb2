import { quote } from '../../base/text.ts';
import { type DirectoryEntry, listDirectory } from './disk.ts';
import { IMAGES_FILE, MANIFEST_FILE, namesOf } from './project-files.ts';
import { childOf, type Place, type ThinDirectory } from './thin-directory.ts';

interface Unread {
  readonly images: Place;
  readonly imageDirectories: readonly DirectoryEntry[];
  /** The entries of `manifests`. */
  readonly projects: readonly DirectoryEntry[];
  readonly thin: ThinDirectory;
}

/** Warns of each list of images without a project: none of its images is promoted. */
export async function warnUnusedImageLists({
  images,
  imageDirectories,
  projects,
  thin,
}: Unread): Promise<void> {
  const known = new Set(namesOf(projects.filter(({ kind }) => kind === 'directory' || kind === 'link')));
  for (const entry of imageDirectories) {
    const resolved = await thin.resolve(entry, images);
    if (entry.name === IMAGES_FILE && resolved.kind === 'file') warnOfMisplaced(resolved.place.file, thin);
    if (resolved.kind !== 'directory') continue;
    for await (const list of listsIn(resolved.place)) {
      const isOfProject = list === childOf(resolved.place.file, IMAGES_FILE);
      if (!isOfProject) warnOfMisplaced(list, thin);
      else if (!known.has(entry.name)) warnOfOrphan(list, { project: entry.name, known, thin });
    }
  }
}

/** The lists of images in a directory and below. Links are not followed here. */
async function* listsIn({ file, path }: Place): AsyncGenerator<string> {
  const entries = await listDirectory(path);
  for (const { name, kind } of entries.kind === 'ok' ? entries.value : []) {
    const inner = { file: childOf(file, name), path: `${path}/${name}` };
    if (kind === 'directory') yield* listsIn(inner);
    else if (name === IMAGES_FILE) yield inner.file;
  }
}

function warnOfOrphan(
  list: string,
  { project, known, thin }: { project: string; known: ReadonlySet<string>; thin: ThinDirectory },
): void {
  const manifest = thin.show(`manifests/${project}/${MANIFEST_FILE}`);
  const meant = thin.nearest(project, known);
  const advice = meant === undefined ? 'create it' : `did you mean ${quote(thin.show(`images/${meant}`))}?`;
  thin.warn(
    list,
    `nothing in this file is promoted: there is no ${quote(manifest)}: ${advice}`,
    'orphan-images',
  );
}

function warnOfMisplaced(list: string, thin: ThinDirectory): void {
  const expected = thin.show(`images/NAME/${IMAGES_FILE}`);
  thin.warn(list, `nothing in this file is promoted: expected ${expected}, move it`, 'orphan-images');
}
