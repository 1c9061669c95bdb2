import { statfs } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Log } from '../../ports/log.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../ports/spool.ts';
import { SpoolCapacity } from './spool-capacity.ts';
import { asSpoolError, SpoolFile } from './spool-file.ts';
import { openUnlinked } from './unlinked-file.ts';

export interface DiskSpoolOptions {
  /** Where its files are. It should be on a disk: on a file system in memory they count as memory. */
  readonly directory: string;
  /** Bytes that it may hold at a time. */
  readonly limit: number;
  /** Told once of each kind of thing that the spool could not do. */
  readonly log: Log;
  /** Bytes that its disk has left. Unset: what the file system says. */
  readonly freeBytes?: () => Promise<number>;
}

/**
 * A spool of files that have no name, or have none any more as soon as they are open: nothing is left of them however
 * the process ends. Where the platform does not allow that they go when they are closed.
 */
export function createDiskSpool(options: DiskSpoolOptions): Spool {
  const { directory, limit, freeBytes = () => freeBytesOf(directory) } = options;
  const troubles = new Troubles(options);
  const room = new SpoolCapacity(freeBytes);
  return {
    capacityFor: async (blob) => {
      if (blob.size > limit) return limit; // somebody wanted that
      const capacity = await room.capacity().catch(() => limit); // to create a file will tell what is wrong
      if (blob.size > capacity) troubles.tell(noRoom(blob, { directory, free: capacity }), blob);
      return Math.min(limit, capacity);
    },
    create: async (blob) => {
      const tell = (error: unknown) => troubles.tell(error, blob);
      try {
        return telling(await createFile(blob, { directory, room }), { room, tell });
      } catch (error) {
        tell(error);
        throw error;
      }
    },
  };
}

/** What people are told, and what follows for blobs that go to several hosts. */
const TROUBLES: Readonly<Record<SpoolError['code'], string | undefined>> = {
  'no-room':
    'no room in the spool for a blob: this one, and others that do not fit, are read from their source again for each host; TMPDIR moves the spool',
  broken:
    'no spool: large blobs are read from their source for every host; TMPDIR moves it, -spool-limit=0 does without',
  damaged: 'the spool has damaged a blob: it is read from its source again; TMPDIR moves the spool',
  closed: undefined, // somebody wanted that
};

/** Tells each kind of trouble once, with the first blob that had it. Failures of a source are told by who reads it. */
class Troubles {
  readonly #options: DiskSpoolOptions;
  readonly #told = new Set<SpoolError['code']>();

  constructor(options: DiskSpoolOptions) {
    this.#options = options;
  }

  tell(error: unknown, { digest, size }: Descriptor): void {
    if (!(error instanceof SpoolError) || this.#told.has(error.code)) return;
    this.#told.add(error.code);
    const message = TROUBLES[error.code];
    const { directory, log } = this.#options;
    const fields = { directory, blob: digest, bytes: size, why: messageOf(error) };
    if (message !== undefined) log.write('warning', message, fields);
  }
}

function telling(
  file: SpoolFile,
  { room, tell }: { room: SpoolCapacity; tell: (error: unknown) => void },
): SpooledBlob {
  return {
    write: (source) =>
      file.write(source).catch((error: unknown) => {
        tell(error);
        throw error;
      }),
    read: () => file.read().once('error', tell),
    discard: () => room.discard(file),
  };
}

interface Place {
  readonly directory: string;
  readonly room: SpoolCapacity;
}

async function createFile(blob: Descriptor, { directory, room }: Place): Promise<SpoolFile> {
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
