import { listSome } from '../../base/text.ts';
import type { Finding } from '../../checks/rule.ts';
import type { VersionedFile } from '../../manifest/version-parser.ts';

/** The files of the manifests at the base of a change, and now. */
export interface MixedChangeFiles {
  readonly before: ReadonlyMap<string, VersionedFile>;
  /** Paths of the thin manifests and their lists now. A file that is gone cannot be promoted. */
  readonly now: readonly string[];
  readonly readFile: (file: string) => Promise<Uint8Array>;
}

/**
 * Finds a change that touches thin manifests and lists of images together. Their owners differ: destinations belong to
 * the administrators of the registries, images to the projects, and one approval would have to cover both. An empty
 * list that is new belongs to the manifest of its project, and a renamed project changes nothing.
 */
export async function findMixedChange(files: MixedChangeFiles): Promise<readonly Finding[]> {
  const changed = await changedFiles(files);
  const manifests = changed.filter((file) => file.startsWith('manifests/'));
  const images = changed.filter((file) => file.startsWith('images/'));
  const [first] = images;
  if (manifests.length === 0 || first === undefined) return [];
  return [
    {
      rule: 'owners',
      level: 'warn',
      message: `one change touches ${listSome(manifests)} and ${listSome(images)}, which have different owners`,
      advice: 'change the destinations first, and the images in a change of their own',
      at: { file: first, line: 1, column: 1 },
      edges: [],
    },
  ];
}

async function changedFiles({ before, now, readFile }: MixedChangeFiles): Promise<readonly string[]> {
  const names = new Set(now);
  const gone = Array.from(before).flatMap(([file, version]) => (names.has(file) ? [] : version));
  const touched = now.map(async (file) => {
    const bytes = await readFile(file);
    const isSame = ({ bytes: old }: VersionedFile) => Buffer.from(old).equals(bytes);
    const old = before.get(file);
    if (old !== undefined) return !isSame(old);
    return !isEmptyList(bytes) && !gone.some(isSame);
  });
  const flags = await Promise.all(touched);
  return now.filter((_, index) => flags[index]);
}

/** Nothing but comments, blanks and `[]`. */
function isEmptyList(bytes: Uint8Array): boolean {
  return Buffer.from(bytes)
    .toString()
    .split('\n')
    .every((line) => /^\s*(?:#|\[\s*\]\s*$|---\s*$|$)/.test(line));
}
