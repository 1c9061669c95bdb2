import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { inDirectory } from './held-directory.ts';
import type { ReportTarget } from './report-target.ts';

type FileTarget = Extract<ReportTarget, { kind: 'file' }>;
type SpecialTarget = Extract<ReportTarget, { kind: 'special' }>;
type Render = () => Iterable<string>;

/**
 * Puts pieces of text into a file that appears whole or not at all, with the permissions and, where possible, the owner
 * of the one that it replaces. One that cannot be replaced (a mount of its own, a read-only directory) is filled anew.
 *
 * The directory may belong to somebody else, who may swap any entry of it at any time: files are changed through their
 * handles only, and no link is followed.
 */
export async function writeReportFile({ path, old }: FileTarget, render: Render): Promise<void> {
  const name = basename(path);
  await inDirectory(dirname(path), async (pathOf) => {
    const draft = pathOf(`${name}.${crypto.randomUUID()}.tmp`);
    try {
      await writeDraft(draft, { old, render });
      await rename(draft, pathOf(name));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {}); // a read-only directory has none
      if (old === undefined || !isIrreplaceable(error)) throw error;
      await refill(pathOf(name), { old, render });
    }
  });
}

/** Appends pieces of text to a pipe or device, unless its path leads to something else by now. */
export async function writeToSpecial({ path, at }: SpecialTarget, render: Render): Promise<void> {
  await using(openSame(path, at, constants.O_WRONLY | constants.O_APPEND), (file) =>
    writeFile(file, render()),
  );
}

/**
 * Removes the report of an earlier run, so that nobody takes it for that of a run which ends before it has one. A file
 * that is no report of ours stays until there is something to put in its place.
 */
export async function discardOldReport({ path, old }: FileTarget): Promise<void> {
  if (old === undefined) return;
  await inDirectory(dirname(path), async (pathOf) => {
    const target = pathOf(basename(path));
    if (!OUR_REPORT.test(await beginningOf(target, old))) return;
    await rm(target).catch(() =>
      using(openSame(target, old, constants.O_WRONLY | NO_LINK), (file) => file.truncate()),
    );
  });
}

const OUR_REPORT =
  /^(?:\{\s*"version": \d+,\s*"mode": "(?:parse-only|dry-run|promotion|verify)"|\{"format":"cip-plan"|## (?:Image promotion|Image verification|Promoter manifests)\b)/;

/** Bytes that tell whose report it is. */
const BEGINNING = 200;

async function beginningOf(path: string, old: Stats): Promise<string> {
  const file = await openSame(path, old, constants.O_RDONLY | NO_LINK).catch(() => undefined);
  if (file === undefined) return ''; // a file that may not be read may still be replaced
  return using(Promise.resolve(file), async () => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    return buffer.toString('utf8', 0, bytesRead);
  });
}

interface Writing {
  readonly old: Stats | undefined;
  readonly render: Render;
}

async function writeDraft(path: string, { old, render }: Writing): Promise<void> {
  const mode = old === undefined ? 0o666 : old.mode & PERMISSIONS;
  await using(open(path, 'wx', mode), async (file) => {
    await writeFile(file, render());
    if (old !== undefined) await keepOwner(file, old);
    if (!isSame(await lstat(path), await file.stat())) throw new Error('its draft was replaced');
  });
}

/** A report is no program: it gets no set-user-ID. */
const PERMISSIONS = 0o777;

async function keepOwner(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  await file.chown(uid, gid).catch(() => {}); // only root may give files away
  await file.chmod(mode & PERMISSIONS);
}

async function refill(path: string, { old, render }: Writing & { readonly old: Stats }): Promise<void> {
  await using(openSame(path, old, constants.O_WRONLY | NO_LINK), async (file) => {
    await file.truncate();
    await writeFile(file, render());
  });
}

/** A link is not followed, and a pipe in place of a file not waited for. */
const NO_LINK = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a path, if it still leads to the file with these stats. */
async function openSame(path: string, old: Stats, flags: number): Promise<FileHandle> {
  const file = await open(path, flags);
  if (isSame(await file.stat(), old)) return file;
  await file.close();
  throw new Error('it was replaced by something else during the run');
}

/** The number of a file that is gone may be given to another one, of another kind. */
function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && (a.mode & constants.S_IFMT) === (b.mode & constants.S_IFMT);
}

async function using<T>(opening: Promise<FileHandle>, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await opening;
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const IRREPLACEABLE: ReadonlySet<unknown> = new Set(['EBUSY', 'EACCES', 'EPERM', 'EROFS', 'EXDEV']);

function isIrreplaceable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && IRREPLACEABLE.has(error.code);
}
