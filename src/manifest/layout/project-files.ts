import { assertNever } from '../../base/errors.ts';
import { nearest, quote } from '../../base/text.ts';
import type { DirectoryEntry } from './disk.ts';
import { childOf, type Place, type ThinDirectory } from './thin-directory.ts';

export const MANIFEST_FILE = 'promoter-manifest.yaml';
export const IMAGES_FILE = 'images.yaml';
export const OWNERS_FILE = 'OWNERS';
const SETTINGS_FILE = '.cip.yaml';

/** The promoter manifest in `manifests/X`, if that is a directory with one. */
export async function manifestOf(
  entry: DirectoryEntry,
  { manifests, thin }: { manifests: Place; thin: ThinDirectory },
): Promise<Place | undefined> {
  const file = childOf(manifests.file, entry.name);
  const resolved = await thin.resolve(entry, manifests);
  if (resolved.kind === 'outside' && resolved.targetKind === 'directory')
    thin.refuseOutside(file, resolved.target);
  if (resolved.kind !== 'directory') {
    if (entry.name === MANIFEST_FILE) refuseUnexpected(file, thin);
    return undefined;
  }
  const entries = await thin.entriesOf(resolved.place);
  for (const inner of entries) await refuseDeeper(inner, resolved.place, thin);
  warnOfNearMisses(MANIFEST_FILE, { entries, file, thin });
  const there = entries.find(({ name }) => name === MANIFEST_FILE);
  if (there !== undefined) {
    const at = childOf(resolved.place.file, MANIFEST_FILE);
    return await fileAt(there, {
      parent: resolved.place,
      thin,
      unusable: (reason) =>
        thin.refuse(at, `manifest file ${quote(thin.show(at))} cannot be read: ${reason}`),
      noRegularFile: () => thin.warn(at, 'not a regular file: its directory is left out'),
    });
  }
  thin.warn(file, `no ${MANIFEST_FILE} in this directory: it is left out`);
  return undefined;
}

/** Refuses manifests below `manifests/X/Y`, which would not be read. Links at this depth are not followed. */
async function refuseDeeper(entry: DirectoryEntry, parent: Place, thin: ThinDirectory): Promise<void> {
  if (entry.kind !== 'directory') return;
  const place = { file: childOf(parent.file, entry.name), path: `${parent.path}/${entry.name}` };
  for (const inner of await thin.entriesOf(place)) {
    if (inner.name === MANIFEST_FILE && inner.kind !== 'directory')
      refuseUnexpected(childOf(place.file, inner.name), thin);
    else await refuseDeeper(inner, place, thin);
  }
}

function refuseUnexpected(file: string, thin: ThinDirectory): void {
  const expected = thin.show(`manifests/NAME/${MANIFEST_FILE}`);
  thin.refuse(file, `unexpected manifest path ${quote(thin.show(file))}: expected ${expected}, move it`);
}

/** The list of images that belongs to `manifests/X`. */
export async function imagesOf(
  project: string,
  context: { images: Place; imageDirectories: readonly DirectoryEntry[]; thin: ThinDirectory },
): Promise<Place | undefined> {
  const { images, imageDirectories, thin } = context;
  const file = `${images.file}/${project}/${IMAGES_FILE}`;
  const directory = imageDirectories.find(({ name }) => name === project);
  const resolved = directory === undefined ? undefined : await thin.resolve(directory, images);
  if (resolved?.kind === 'outside') {
    thin.refuseOutside(`${images.file}/${project}`, resolved.target);
    return undefined;
  }
  if (resolved?.kind !== 'directory') {
    refuseMissing(file, `${images.file}/${thin.nearest(project, namesOf(imageDirectories)) ?? ''}`, thin);
    return undefined;
  }
  const entries = await thin.listOf(resolved.place);
  if (entries === undefined) return undefined;
  warnOfNearMisses(IMAGES_FILE, { entries, file: `${images.file}/${project}`, thin });
  const there = entries.find(({ name }) => name === IMAGES_FILE);
  if (there !== undefined) {
    const at = childOf(resolved.place.file, IMAGES_FILE);
    const name = `corresponding file ${quote(thin.show(at))}`;
    return await fileAt(there, {
      parent: resolved.place,
      thin,
      unusable: (reason) => thin.refuse(at, `${name} does not exist: ${reason}`),
      noRegularFile: () => thin.refuse(at, `${name} is not a regular file`),
    });
  }
  refuseMissing(file, childOf(`${images.file}/${project}`, nearMisses(IMAGES_FILE, entries)[0] ?? ''), thin);
  return undefined;
}

/** The reports for an entry that is no readable file. */
interface Complaints {
  readonly unusable: (reason: string) => void;
  readonly noRegularFile: () => void;
}

async function fileAt(
  entry: DirectoryEntry,
  { parent, thin, ...complain }: { parent: Place; thin: ThinDirectory } & Complaints,
): Promise<Place | undefined> {
  const resolved = await thin.resolve(entry, parent);
  switch (resolved.kind) {
    case 'file':
      return resolved.place;
    case 'outside':
      thin.refuseOutside(childOf(parent.file, entry.name), resolved.target);
      return undefined;
    case 'unusable':
      complain.unusable(resolved.reason);
      return undefined;
    case 'directory':
    case 'other':
      complain.noRegularFile();
      return undefined;
    default:
      return assertNever(resolved);
  }
}

/** `candidate` is a similar path to suggest; none if it ends with a slash. */
function refuseMissing(file: string, candidate: string, thin: ThinDirectory): void {
  const advice = candidate.endsWith('/')
    ? 'create it, it may be empty'
    : `did you mean ${quote(thin.show(candidate))}?`;
  thin.refuse(file, `corresponding file ${quote(thin.show(file))} does not exist: ${advice}`);
}

function warnOfNearMisses(
  expected: string,
  { entries, file, thin }: { entries: readonly DirectoryEntry[]; file: string; thin: ThinDirectory },
): void {
  for (const name of nearMisses(expected, entries)) {
    thin.warn(childOf(file, name), `this file is not read: did you mean ${quote(expected)}?`, 'file-name');
  }
}

/** Warns of `.cip.yml`, and of settings below the manifest directory: their rules would not run. */
export function warnUnreadSettings(
  { file }: Place,
  { entries, thin }: { entries: readonly DirectoryEntry[]; thin: ThinDirectory },
): void {
  for (const name of namesOf(entries).filter((one) => /^\.cip\.ya?ml$/i.test(one))) {
    const path = childOf(file, name);
    const message = `these settings are not read: expected ${quote(SETTINGS_FILE)} in the manifest directory`;
    if (path !== SETTINGS_FILE) thin.warn(path, message, 'file-name');
  }
}

function nearMisses(expected: string, entries: readonly DirectoryEntry[]): string[] {
  return namesOf(entries.filter(({ kind }) => kind !== 'directory')).filter(
    (name) => name !== expected && nearest(name, [expected]) !== undefined,
  );
}

export function namesOf(entries: readonly DirectoryEntry[]): string[] {
  return entries.map(({ name }) => name);
}
