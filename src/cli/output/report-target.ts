import { constants, fstatSync, type Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';

/** The file at the end of a report's path, every link followed. Its kind decides how it is written. */
export type ReportTarget =
  /** A stream that this process has open already. */
  | { readonly kind: 'descriptor'; readonly fd: number }
  /** A pipe, a device or a stream of another process: written to, never replaced. */
  | { readonly kind: 'special'; readonly path: string; readonly at: Stats }
  /** A file, which may not exist yet; `old` is the file to replace. */
  | { readonly kind: 'file'; readonly path: string; readonly old: Stats | undefined };

const STDOUT = 1;

/** The target of a path, or the reason why no report can be written there. Writes nothing. */
export async function resolveTarget(target: string): Promise<ReportTarget | { readonly obstacle: string }> {
  if (target === '-') return { kind: 'descriptor', fd: STDOUT };
  if (target.endsWith('/')) return { obstacle: IS_DIRECTORY };
  try {
    return await placeAt(await endOf(resolve(target)));
  } catch (error) {
    return { obstacle: messageOf(error) };
  }
}

/** Equal for paths with the same target. */
export function keyOfTarget(place: ReportTarget): string {
  if (place.kind === 'descriptor') return `descriptor ${place.fd}`;
  const old = place.kind === 'file' ? place.old : undefined;
  return old === undefined ? place.path : `${old.dev} ${old.ino}`;
}

const IS_DIRECTORY = 'it is a directory: give the path of a file';

/** The usual limit of systems. */
const MAX_LINKS = 40;

/**
 * Follows the links of a path. Streams of processes are links too, to files that must not be replaced, so it stops at
 * them.
 */
async function endOf(path: string): Promise<string> {
  let end = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    const directory = await realpath(dirname(end));
    end = join(directory, basename(end));
    if (!(await stat(directory)).isDirectory()) throw new Error(`${quote(directory)} is not a directory`);
    const next = STREAM.test(end) ? undefined : await readlink(end).catch(() => undefined);
    if (next === undefined) return end;
    if (await isPlanted(end, directory)) throw new Error(`${quote(end)} is a link of another user`);
    end = resolve(directory, next);
  }
  throw new Error('its links lead in a circle');
}

/**
 * True for a link that the kernel would not follow either: in a directory that every user may write to, owned by neither
 * the owner of that directory nor this user. @see https://www.kernel.org/doc/html/latest/admin-guide/sysctl/fs.html
 */
async function isPlanted(link: string, directory: string): Promise<boolean> {
  const { mode, uid } = await stat(directory);
  const owner = (await lstat(link)).uid;
  return (mode & SHARED) === SHARED && owner !== uid && owner !== process.geteuid?.();
}

/** Sticky and writable for all. */
const SHARED = 0o1002;

/** `/dev/stdout` and the like lead there. @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html */
const STREAM = /^(?:\/proc\/(\d+)(?:\/task\/\d+)?|\/dev)\/fd\/(\d+)$/;

async function placeAt(path: string): Promise<ReportTarget | { readonly obstacle: string }> {
  const [isStream, pid, fd] = STREAM.exec(path) ?? [];
  if (isStream !== undefined && (pid === undefined || Number(pid) === process.pid)) {
    fstatSync(Number(fd));
    return { kind: 'descriptor', fd: Number(fd) };
  }
  // every link except that of a stream was followed, so a link here is new
  const old = await (isStream === undefined ? lstat(path) : stat(path)).catch(ifMissing);
  if (old?.isSymbolicLink()) return { obstacle: 'its links changed while they were followed' };
  if (old?.isDirectory()) return { obstacle: IS_DIRECTORY };
  if (old !== undefined && (isStream !== undefined || !old.isFile())) {
    await access(path, constants.W_OK);
    return { kind: 'special', path, at: old };
  }
  // a writable file can be overwritten even if its directory is read-only
  await access(dirname(path), constants.W_OK).catch(async (error: unknown) => {
    if (old === undefined) throw error;
    await access(path, constants.W_OK);
  });
  return { kind: 'file', path, old };
}

function ifMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
