import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../ports/clock.ts';
import { DockerConfigError } from './parse-docker-config.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Milliseconds for all of a pipe. */
const LIMIT = 10_000;
/** Milliseconds between two reads of an empty pipe. */
const PAUSE = 50;

/**
 * The text of a file or a pipe, such as `<(…)` and `/dev/stdin`. Reads do not block: a blocked thread, for a pipe without
 * a writer, cannot be cancelled and would outlive the run. Throws `unreadable` after the limit, `malformed` for a text
 * that is too large, and the errors of the system.
 */
export async function readText(path: string, clock: Clock): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await readToEnd(file, { path, clock, isPipe: (await file.stat()).isFIFO() });
  } finally {
    await file.close();
  }
}

async function readToEnd(
  file: FileHandle,
  { path, clock, isPipe }: { path: string; clock: Clock; isPipe: boolean },
): Promise<string> {
  const never = new AbortController().signal; // shared by concurrent requests: none of them may abort it
  const end = clock.monotonic() + LIMIT;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = await readPiece(file);
    const isEnd = piece?.length === 0 && (size > 0 || !isPipe); // a pipe without a writer may yet get one
    if (isEnd) return Buffer.concat(pieces).toString('utf8');
    if (piece !== undefined && piece.length > 0) {
      size += piece.length;
      pieces.push(piece);
      if (size > MAX_BYTES)
        throw new DockerConfigError('malformed', `${path}: larger than ${MAX_BYTES} bytes`);
    } else if (clock.monotonic() >= end) {
      const fault = size === 0 ? 'nothing to read' : 'no end';
      throw new DockerConfigError('unreadable', `${path}: ${fault} within ${LIMIT / 1000} s`);
    } else {
      await clock.sleep(PAUSE, never);
    }
  }
}

/** Undefined if there is nothing to read yet. */
async function readPiece(file: FileHandle): Promise<Uint8Array | undefined> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    const { bytesRead } = await file.read(chunk);
    return chunk.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
