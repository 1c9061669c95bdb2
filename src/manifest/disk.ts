import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import { sortedBy } from '../base/sorted.ts';

/** What the disk answered: the value, or why there is none. This file is the only one of the folder that asks it. */
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

/** Where a path leads when every link in it was followed, and what is there. */
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

/** The bytes of a file or pipe, unless there are more than `maxBytes` of them. */
export async function readBounded(
  path: string,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<Answer<Uint8Array>> {
  signal.throwIfAborted();
  if (await isNamedPipe(path)) return { kind: 'unreadable', reason: 'it is a named pipe, expected a file' };
  if (await isDirectory(path)) return { kind: 'unreadable', reason: 'it is a directory, expected a file' };
  const opened = await ask(() => open(path, constants.O_RDONLY));
  if (opened.kind !== 'ok') return opened;
  try {
    const bytes = await ask(() => readAll(opened.value, { maxBytes, signal }));
    signal.throwIfAborted();
    if (bytes.kind !== 'ok') return bytes;
    return bytes.value === undefined ? { kind: 'too-large' } : { kind: 'ok', value: bytes.value };
  } finally {
    await opened.value.close();
  }
}

/**
 * A pipe with a name of its own may never be written to, and a thread that waits for that cannot be called back. Those
 * that a shell makes (`<(…)`, `/dev/stdin`) lead to no name.
 */
async function isNamedPipe(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFIFO()) return false;
  return (await realpath(path).catch(() => undefined)) !== undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function readAll(
  file: FileHandle,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
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
    return { kind: 'unreadable', reason: messageOf(error) };
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'directory' : 'other';
}
