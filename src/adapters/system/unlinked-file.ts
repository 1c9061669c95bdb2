import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Opens a new file in a directory for writing and reading, without a name: it is removed when it is closed, however the
 * process ends. Throws the errors of the file system.
 */
export async function openUnlinked(directory: string, platform = process.platform): Promise<FileHandle> {
  const handle = platform === 'linux' ? await openTemporary(directory) : undefined;
  return handle ?? createAndUnlink(directory);
}

/** A file that never has a name; undefined on a file system without support. */
async function openTemporary(directory: string): Promise<FileHandle | undefined> {
  return open(directory, O_TMPFILE | constants.O_RDWR, 0o600).catch(() => undefined);
}

/** Node has no constant for it. @see https://man7.org/linux/man-pages/man2/open.2.html */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

async function createAndUnlink(directory: string): Promise<FileHandle> {
  const path = join(directory, `cip-spool-${crypto.randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  await unlink(path);
  return handle;
}
