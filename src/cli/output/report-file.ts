import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { inDirectory } from './held-directory.ts';
import type { ReportTarget } from './report-target.ts';

type FileTarget = Extract<ReportTarget, { kind: 'file' }>;
type SpecialTarget = Extract<ReportTarget, { kind: 'special' }>;
type Render = () => Iterable<string>;

/**
 * Writes text to a file that appears as a whole or not at all, with the permissions and, if possible, the owner of the
 * file that it replaces. A file that cannot be replaced (a mount point, a read-only directory) is overwritten.
 *
 * The directory may belong to another user, who may replace any entry at any time. So files are changed only through
 * their handles, and no link is followed.
 */
export async function writeReportFile({ path, old }: FileTarget, render: Render): Promise<void> {
  const name = basename(path);
  await inDirectory(dirname(path), async (pathOf) => {
    const draft = pathOf(`${name}.${crypto.randomUUID()}.tmp`);
    try {
      await writeDraft(draft, { old, render });
      await rename(draft, pathOf(name));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {}); // a read-only directory has no draft
      if (old === undefined || !isIrreplaceable(error)) throw error;
      await refill(pathOf(name), { old, render });
    }
  });
}

/** Appends text to a pipe or device, unless its path leads elsewhere now. */
export async function writeToSpecial({ path, at }: SpecialTarget, render: Render): Promise<void> {
  await using(openSame(path, at, constants.O_WRONLY | constants.O_APPEND), (file) =>
    writeFile(file, render()),
  );
}

/**
 * Removes the report of an earlier run, so that it is not mistaken for the report of a run that ends before it writes
 * one. A file that is no report of `cip` stays until it is replaced.
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
  /^(?:\{\s*"version": \d+,\s*"mode": "(?:parse-only|dry-run|promotion|verify|audit)"|\{"format":"cip-plan"|## (?:Image promotion|Image verification|Promoter manifests|Audit of production)\b)/;

/** Bytes that identify a report. */
const BEGINNING = 200;

async function beginningOf(path: string, old: Stats): Promise<string> {
  const file = await openSame(path, old, constants.O_RDONLY | NO_LINK).catch(() => undefined);
  if (file === undefined) return ''; // an unreadable file may still be replaced
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

/** Permissions without set-user-ID: a report is no program. */
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

/** Does not follow a link, and does not wait for a pipe that has replaced the file. */
const NO_LINK = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a path if it still leads to the file with these stats. */
async function openSame(path: string, old: Stats, flags: number): Promise<FileHandle> {
  const file = await open(path, flags);
  if (isSame(await file.stat(), old)) return file;
  await file.close();
  throw new Error('another file replaced it during the run');
}

/** The inode of a deleted file may be reused for a file of another kind. */
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
