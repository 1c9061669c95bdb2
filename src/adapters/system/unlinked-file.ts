import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A new file of a directory, to write and to read, that has no name, or none any more when this resolves: it goes when
 * it is closed, however the process ends. Throws what the file system throws.
 */
export async function openUnlinked(directory: string, platform = process.platform): Promise<FileHandle> {
  const handle = platform === 'linux' ? await openTemporary(directory) : undefined;
  return handle ?? createAndUnlink(directory);
}

/** On Linux a file may never have a name at all; undefined on a file system that does not do that. */
async function openTemporary(directory: string): Promise<FileHandle | undefined> {
  return open(directory, O_TMPFILE | constants.O_RDWR, 0o600).catch(() => undefined);
}

/** Node does not name it. @see https://man7.org/linux/man-pages/man2/open.2.html */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

async function createAndUnlink(directory: string): Promise<FileHandle> {
  const path = join(directory, `cip-spool-${crypto.randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  await unlink(path);
  return handle;
}
