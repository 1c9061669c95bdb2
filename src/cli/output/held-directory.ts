import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../base/text.ts';

/** The path of an entry of a held directory; valid only while the directory is held. */
export type PathOf = (name: string) => string;

/**
 * Holds a directory open while its entries are used, so that replacing it, or a directory above it, by a link has no
 * effect. `directory` is a real path. Throws if it leads elsewhere now, and the errors of `use`.
 *
 * Without `/proc` the path is checked once and then used as it is.
 */
export async function inDirectory<T>(directory: string, use: (pathOf: PathOf) => Promise<T>): Promise<T> {
  const handle = await open(directory, O_PATH | constants.O_DIRECTORY);
  const held = `/proc/self/fd/${handle.fd}`;
  try {
    const real = await readlink(held).catch(() => undefined);
    refuseOther(directory, real ?? (await realpath(directory)));
    return await use((name) => join(real === undefined ? directory : held, name));
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(held, directory);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Needs no read permission for the directory. Node lacks it. @see https://man7.org/linux/man-pages/man2/open.2.html */
const O_PATH = process.platform === 'linux' ? 0o10000000 : 0;

function refuseOther(directory: string, real: string): void {
  if (real !== directory) throw new Error(`${quote(directory)} now leads to ${quote(real)}`);
}
