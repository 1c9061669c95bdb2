import { constants, fstatSync, type Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';

/** The file behind the path of a report, every link followed: its kind decides how it is written. */
export type ReportTarget =
  /** A stream that this process has open already. */
  | { readonly kind: 'descriptor'; readonly fd: number }
  /** A pipe, a device or a stream of another process: written to, never replaced. */
  | { readonly kind: 'special'; readonly path: string; readonly at: Stats }
  /** A file, or none yet; `old` is the one that is replaced. */
  | { readonly kind: 'file'; readonly path: string; readonly old: Stats | undefined };

const STDOUT = 1;

/** The place that a path leads to, or, in words, why no report can be written there. Writes nothing. */
export async function resolveTarget(target: string): Promise<ReportTarget | { readonly obstacle: string }> {
  if (target === '-') return { kind: 'descriptor', fd: STDOUT };
  if (target.endsWith('/')) return { obstacle: IS_DIRECTORY };
  try {
    return await placeAt(await endOf(resolve(target)));
  } catch (error) {
    return { obstacle: messageOf(error) };
  }
}

/** Equal for places that are the same. */
export function keyOfTarget(place: ReportTarget): string {
  if (place.kind === 'descriptor') return `descriptor ${place.fd}`;
  const old = place.kind === 'file' ? place.old : undefined;
  return old === undefined ? place.path : `${old.dev} ${old.ino}`;
}

const IS_DIRECTORY = 'it is a directory: give the path of a file';

/** As many links as systems follow. */
const MAX_LINKS = 40;

/**
 * Where the links of a path end. The streams of processes are links too, to files that must not be replaced: it ends
 * there.
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
 * True for a link that the kernel would not follow either: in a directory that everybody may write to, of somebody who
 * neither owns that nor runs this. @see https://www.kernel.org/doc/html/latest/admin-guide/sysctl/fs.html
 */
async function isPlanted(link: string, directory: string): Promise<boolean> {
  const { mode, uid } = await stat(directory);
  const owner = (await lstat(link)).uid;
  return (mode & SHARED) === SHARED && owner !== uid && owner !== process.geteuid?.();
}

/** Sticky and writable for all. */
const SHARED = 0o1002;

/** `/dev/stdout` and its like lead there. @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html */
const STREAM = /^(?:\/proc\/(\d+)(?:\/task\/\d+)?|\/dev)\/fd\/(\d+)$/;

async function placeAt(path: string): Promise<ReportTarget | { readonly obstacle: string }> {
  const [isStream, pid, fd] = STREAM.exec(path) ?? [];
  if (isStream !== undefined && (pid === undefined || Number(pid) === process.pid)) {
    fstatSync(Number(fd));
    return { kind: 'descriptor', fd: Number(fd) };
  }
  // every link but that of a stream was followed: one that stands here by now is new
  const old = await (isStream === undefined ? lstat(path) : stat(path)).catch(ifMissing);
  if (old?.isSymbolicLink()) return { obstacle: 'its links change while they are followed' };
  if (old?.isDirectory()) return { obstacle: IS_DIRECTORY };
  if (old !== undefined && (isStream !== undefined || !old.isFile())) {
    await access(path, constants.W_OK);
    return { kind: 'special', path, at: old };
  }
  // a file that may be written to can be filled anew, where the directory lets nobody replace it
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
