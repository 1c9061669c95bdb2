import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { sortedBy } from '../../base/sorted.ts';
import { escapeControls } from '../../base/text.ts';

/** The value that the disk returned, or the reason why there is none. Only this file of the folder reads the disk. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'missing' }
  | { readonly kind: 'not-a-directory' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'unreadable'; readonly reason: string };

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: EntryKind | 'link';
}

export type EntryKind = 'file' | 'directory' | 'other';

/** The end of a path, every link followed, and its kind. */
export interface Target {
  readonly kind: EntryKind;
  readonly path: string;
}

/** The entries of a directory, sorted by name. */
export async function listDirectory(path: string): Promise<Answer<readonly DirectoryEntry[]>> {
  return await ask(async () => {
    const entries = await readdir(path, { withFileTypes: true });
    return sortedBy(
      entries.map((entry) => ({
        name: entry.name,
        kind: entry.isSymbolicLink() ? ('link' as const) : kindOf(entry),
      })),
      ({ name }) => name,
    );
  });
}

export async function followLinks(path: string): Promise<Answer<Target>> {
  return await ask(async () => {
    const real = await realpath(path);
    return { kind: kindOf(await stat(real)), path: real };
  });
}

/** How a file is opened and read. */
export interface BoundedRead {
  readonly maxBytes: number;
  /** `refuse` for a path that had no links when it was found: a link would be new and lead elsewhere. */
  readonly links: 'follow' | 'refuse';
  readonly signal: AbortSignal;
}

/** The bytes of a file or pipe, unless there are more than `maxBytes` of them. */
export async function readBounded(path: string, options: BoundedRead): Promise<Answer<Uint8Array>> {
  options.signal.throwIfAborted();
  const noLinks = options.links === 'refuse' ? constants.O_NOFOLLOW : 0;
  // a thread that waits for the writer of a named pipe cannot be cancelled
  const opened = await ask(() => open(path, constants.O_RDONLY | constants.O_NONBLOCK | noLinks));
  if (noLinks !== 0 && opened.kind === 'unreadable' && (await isLink(path)))
    return { kind: 'unreadable', reason: 'it is a symbolic link, expected a file' };
  if (opened.kind !== 'ok') return opened;
  try {
    const answer = await readOpened(opened.value, options);
    options.signal.throwIfAborted();
    return answer;
  } finally {
    await opened.value.close();
  }
}

async function isLink(path: string): Promise<boolean> {
  const stats = await ask(() => lstat(path));
  return stats.kind === 'ok' && stats.value.isSymbolicLink();
}

async function readOpened(file: FileHandle, options: BoundedRead): Promise<Answer<Uint8Array>> {
  const stats = await file.stat();
  if (stats.isDirectory()) return { kind: 'unreadable', reason: 'it is a directory, expected a file' };
  if (stats.isFIFO() && (await hasName(file)))
    return { kind: 'unreadable', reason: 'it is a named pipe, expected a file' };
  const bytes = await ask(() => (stats.isFile() ? readAll(file, options) : readWaiting(file, options)));
  if (bytes.kind !== 'ok') return bytes;
  return bytes.value === undefined ? { kind: 'too-large' } : { kind: 'ok', value: bytes.value };
}

/** Pipes of a shell (`<(…)`, `/dev/stdin`) have no name. */
async function hasName(file: FileHandle): Promise<boolean> {
  return (await realpath(pathOf(file)).catch(() => undefined)) !== undefined;
}

/** Reads a pipe through a handle that waits for data. */
async function readWaiting(file: FileHandle, options: BoundedRead): Promise<Uint8Array | undefined> {
  const waiting = await open(pathOf(file), constants.O_RDONLY);
  try {
    return await readAll(waiting, options);
  } finally {
    await waiting.close();
  }
}

function pathOf({ fd }: FileHandle): string {
  return `/dev/fd/${fd}`;
}

async function readAll(file: FileHandle, { maxBytes, signal }: BoundedRead): Promise<Uint8Array | undefined> {
  const stats = await file.stat();
  const size = stats.isFile() ? stats.size : 0;
  if (size > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (!signal.aborted) {
    // one byte more than expected, so that a file of the expected size ends with the first short read
    const chunk = Buffer.allocUnsafe(Math.max(size + 1 - total, MIN_CHUNK_BYTES));
    const { bytesRead } = await file.read(chunk);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > maxBytes) return undefined;
    chunks.push(chunk.subarray(0, bytesRead));
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

const MIN_CHUNK_BYTES = 4_096;

async function ask<T>(question: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'ok', value: await question() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { kind: 'missing' };
    if (code === 'ENOTDIR') return { kind: 'not-a-directory' };
    return { kind: 'unreadable', reason: escapeControls(messageOf(error)) }; // it names the path
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'directory' : 'other';
}
