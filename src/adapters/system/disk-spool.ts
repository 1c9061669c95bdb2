import { statfs } from 'node:fs/promises';
import { watchStream } from '../../base/byte-stream.ts';
import { messageOf } from '../../base/errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Log } from '../../ports/log.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../ports/spool.ts';
import { SpoolCapacity } from './spool-capacity.ts';
import { asSpoolError, SpoolFile } from './spool-file.ts';
import { openUnlinked } from './unlinked-file.ts';

export interface DiskSpoolOptions {
  /** The directory of its files. It should be on a disk: on a file system in memory they count as memory. */
  readonly directory: string;
  /** Bytes that it may hold at a time. */
  readonly limit: number;
  /** Gets one warning for each kind of failure. */
  readonly log: Log;
  /** Free bytes of the disk. Default: those of the file system. */
  readonly freeBytes?: () => Promise<number>;
}

/**
 * A spool of files without a name, or unlinked as soon as they are open: none is left, however the process ends. On a
 * platform without that they are removed when they are closed.
 */
export function createDiskSpool(options: DiskSpoolOptions): Spool {
  const { directory, limit, freeBytes = () => freeBytesOf(directory) } = options;
  const warn = createWarnings(options);
  const room = new SpoolCapacity(freeBytes);
  return {
    capacityFor: async (blob) => {
      if (blob.size > limit) return limit; // as configured: no warning
      const capacity = await room.capacity().catch(() => limit); // creating a file will show the failure
      if (blob.size > capacity) warn(noRoom(blob, { directory, free: capacity }), blob);
      return Math.min(limit, capacity);
    },
    create: async (blob) => {
      try {
        return withWarnings(await createFile(blob, { directory, room }), (error) => warn(error, blob), room);
      } catch (error) {
        warn(error, blob);
        throw error;
      }
    },
  };
}

/** The warning for each kind of failure, with its effect on blobs for several hosts. */
const WARNINGS: Readonly<Record<SpoolError['code'], string | undefined>> = {
  'no-room':
    'no room in the spool for a blob: this one, and others that do not fit, are read from their source again for each host; TMPDIR moves the spool',
  broken:
    'no spool: large blobs are read from their source for every host; TMPDIR moves it, -spool-limit=0 does without',
  damaged: 'the spool has damaged a blob: it is read from its source again; TMPDIR moves the spool',
  closed: undefined, // on purpose
};

/** Logs each kind of failure once, with its first blob. Failures of a source are reported by its reader. */
function createWarnings({ directory, log }: DiskSpoolOptions) {
  const logged = new Set<SpoolError['code']>();
  return (error: unknown, { digest, size }: Descriptor): void => {
    if (!(error instanceof SpoolError) || logged.has(error.code)) return;
    logged.add(error.code);
    const message = WARNINGS[error.code];
    const fields = { directory, blob: digest, bytes: size, why: messageOf(error) };
    if (message !== undefined) log.write('warning', message, fields);
  };
}

function withWarnings(file: SpoolFile, warn: (error: unknown) => void, room: SpoolCapacity): SpooledBlob {
  return {
    write: (source) =>
      file.write(source).catch((error: unknown) => {
        warn(error);
        throw error;
      }),
    read: () => watchStream(file.read(), { onFailure: warn }),
    discard: () => room.discard(file),
  };
}

async function createFile(
  blob: Descriptor,
  { directory, room }: { readonly directory: string; readonly room: SpoolCapacity },
): Promise<SpoolFile> {
  try {
    const opened = await room.open(blob.size, async () => new SpoolFile(blob, await openUnlinked(directory)));
    if (opened instanceof SpoolFile) return opened;
    throw noRoom(blob, { directory, free: opened.free });
  } catch (error) {
    throw error instanceof SpoolError ? error : asSpoolError(error);
  }
}

function noRoom({ size }: Descriptor, { directory, free }: { directory: string; free: number }): SpoolError {
  return new SpoolError('no-room', `the spool: ${directory} has ${free} bytes left for a blob of ${size}`);
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
