import { forEachConcurrently } from '../../base/concurrency.ts';
import { assertNever } from '../../base/errors.ts';
import { sortedBy } from '../../base/sorted.ts';
import { escapeControls, nearest, quote } from '../../base/text.ts';
import type { Problem } from '../model.ts';
import { type DirectoryEntry, followLinks } from './disk.ts';
import { LayoutError } from './layout-error.ts';
import { adviseNearbyDirectory } from './nearby-directory.ts';
import { imagesOf, MANIFEST_FILE, manifestOf, namesOf, warnUnreadSettings } from './project-files.ts';
import { type Place, ThinDirectory } from './thin-directory.ts';
import { warnUnownedLists } from './unowned-lists.ts';
import { warnUnusedImageLists } from './unused-image-lists.ts';

/** The files of one project. */
interface ProjectFiles {
  readonly manifest: Place;
  readonly images: Place;
}

export interface Layout {
  /** In lexical order; at least one. */
  readonly projects: readonly ProjectFiles[];
  readonly warnings: readonly Problem[];
}

const CONCURRENT_DIRECTORIES = 16;

/**
 * Finds `manifests/X/promoter-manifest.yaml` and `images/X/images.yaml` in a manifest directory. Throws a LayoutError
 * with all faults that would otherwise leave out intended content.
 */
export async function readLayout(directory: string, signal: AbortSignal): Promise<Layout> {
  const thin = new ThinDirectory(directory, await realDirectory(directory));
  const top = await thin.entriesOf(thin.root);
  if (thin.issues.length > 0) throw new LayoutError('layout-broken', thin.issues); // its content is unknown
  await refuseOtherLevel(directory, top, thin);
  warnUnreadSettings(thin.root, { entries: top, thin });
  const images = await topDirectory('images', { top, thin });
  const manifests = await topDirectory('manifests', { top, thin });
  const projects: ProjectFiles[] = [];
  if (manifests !== undefined) {
    const imageDirectories = images === undefined ? [] : await thin.listOf(images);
    const entries = await thin.entriesOf(manifests);
    await forEachConcurrently(entries, { workers: CONCURRENT_DIRECTORIES, signal }, async (entry) => {
      const manifest = await manifestOf(entry, { manifests, thin });
      if (manifest === undefined || images === undefined || imageDirectories === undefined) return;
      const list = await imagesOf(entry.name, { images, imageDirectories, thin });
      if (list !== undefined) projects.push({ manifest, images: list });
    });
    warnUnreadSettings(manifests, { entries, thin });
    if (images !== undefined && imageDirectories !== undefined) {
      warnUnreadSettings(images, { entries: imageDirectories, thin });
      await warnUnusedImageLists({ images, imageDirectories, projects: entries, thin });
      await warnUnownedLists(
        projects.map((project) => project.images),
        { images, thin },
      );
    }
  }
  if (thin.issues.length === 0 && projects.length === 0) refuseEmptiness(directory, thin);
  if (thin.issues.length > 0) throw new LayoutError('layout-broken', thin.issues);
  return { projects: sortedBy(projects, ({ manifest }) => manifest.file), warnings: thin.warnings };
}

async function realDirectory(directory: string): Promise<string> {
  const target = await followLinks(directory);
  if (target.kind === 'ok' && target.value.kind === 'directory') return target.value.path;
  const message =
    target.kind === 'missing'
      ? `stat directory ${directory}: no such file or directory: give the manifest directory`
      : target.kind === 'unreadable'
        ? `stat directory ${directory}: ${target.reason}`
        : `${quote(directory)} is not a directory: give the manifest directory`;
  throw new LayoutError('layout-broken', [{ path: directory, message }]);
}

/** Refuses a directory with neither `images` nor `manifests` if one nearby has both, and suggests that one. */
async function refuseOtherLevel(
  directory: string,
  top: readonly DirectoryEntry[],
  thin: ThinDirectory,
): Promise<void> {
  if (top.some(({ name }) => name === 'images' || name === 'manifests')) return;
  const advice = await adviseNearbyDirectory(directory, { root: thin.root, entries: top });
  if (advice === undefined) return;
  thin.refuse(
    '',
    `${quote(directory)} is not a manifest directory, it has no "images" and no "manifests": ${advice}`,
  );
  throw new LayoutError('layout-broken', thin.issues);
}

async function topDirectory(
  name: string,
  { top, thin }: { top: readonly DirectoryEntry[]; thin: ThinDirectory },
): Promise<Place | undefined> {
  const entry = top.find((one) => one.name === name);
  if (entry === undefined) {
    const meant = nearest(name, namesOf(top));
    const advice = meant === undefined ? 'create it' : `did you mean ${quote(meant)}?`;
    thin.refuse(name, `stat directory ${thin.show(name)}: no such file or directory: ${advice}`);
    return undefined;
  }
  const resolved = await thin.resolve(entry, thin.root);
  switch (resolved.kind) {
    case 'directory':
      return resolved.place;
    case 'outside':
      thin.refuseOutside(name, resolved.target);
      return undefined;
    case 'unusable':
      thin.refuse(name, `stat directory ${thin.show(name)}: ${resolved.reason}`);
      return undefined;
    case 'file':
    case 'other':
      thin.refuse(name, `${quote(thin.show(name))} is not a directory`);
      return undefined;
    default:
      return assertNever(resolved);
  }
}

function refuseEmptiness(directory: string, thin: ThinDirectory): void {
  const found = thin.warnings
    .map(({ at, message }) => `; ${escapeControls(thin.show(at.file))}: ${message}`)
    .join('');
  thin.refuse(
    '',
    `no manifests found in dir: ${directory}: expected manifests/NAME/${MANIFEST_FILE} in it${found}`,
  );
}
