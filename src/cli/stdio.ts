import { fstatSync, writeFileSync } from 'node:fs';
import { CodedError, messageOf } from '../base/errors.ts';

/** What a stream was to take does not get there: its disk is full, or it was never open. */
export class OutputError extends CodedError<'unwritable'> {}

/** Where a run writes: data to `out`, everything for people to `err`. */
export interface Stdio {
  readonly out: NodeJS.WritableStream & { readonly fd?: number; readonly isTTY?: boolean };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/**
 * Writes to a stream and waits until it is taken: a report to a pipe must be whole before the process ends. A reader
 * that has gone away (`| head`) is no failure of ours, and told as `gone`. Throws an `OutputError`.
 */
export function writeTo(
  stream: NodeJS.WritableStream & { readonly fd?: number },
  text: string,
): Promise<'taken' | 'gone'> {
  if (stream.fd !== undefined && isFile(stream.fd)) return writeToFile({ fd: stream.fd }, text);
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve('taken');
      else if (isClosedPipe(error)) resolve('gone');
      else reject(unwritable(stream, error));
    });
  });
}

/** Says something to people. That it cannot be said, on a disk that is full, changes nothing of what was done. */
export async function tell(err: Stdio['err'], text: string): Promise<void> {
  await writeTo(err, text).catch(() => {});
}

/** Keeps a stream whose reader has gone away, or whose disk is full, from ending the process: who needs to know waits. */
export function ignoreErrors(stream: NodeJS.WritableStream): void {
  stream.on('error', () => {});
}

/** node's own stream for a file does not notice when only a part of the text fits on the disk. */
async function writeToFile(stream: { readonly fd: number }, text: string): Promise<'taken'> {
  try {
    writeFileSync(stream.fd, text);
    return 'taken';
  } catch (error) {
    throw unwritable(stream, error);
  }
}

function unwritable({ fd }: { readonly fd?: number }, cause: unknown): OutputError {
  const name = fd === 1 ? 'stdout' : fd === 2 ? 'stderr' : 'the output';
  return new OutputError('unwritable', `cannot write to ${name}: ${messageOf(cause)}`, { cause });
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false; // closed
  }
}

function isClosedPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}
