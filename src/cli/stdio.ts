import { fstatSync, writeFileSync } from 'node:fs';

/** Where a run writes: data to `out`, everything for people to `err`. */
export interface Stdio {
  readonly out: NodeJS.WritableStream & { readonly fd?: number; readonly isTTY?: boolean };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/**
 * Writes to a stream and waits until it is taken: a report to a pipe must be whole before the process ends. A reader
 * that has gone away (`| head`) is no failure of ours, and told as `gone`.
 */
export function writeTo(
  stream: NodeJS.WritableStream & { readonly fd?: number },
  text: string,
): Promise<'taken' | 'gone'> {
  if (stream.fd !== undefined && isFile(stream.fd)) return writeToFile(stream.fd, text);
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve('taken');
      else if (isClosedPipe(error)) resolve('gone');
      else reject(error);
    });
  });
}

/** Tells people something, or does without: what nobody can read changes neither the data nor the exit code. */
export async function tellPeople({ err }: Pick<Stdio, 'err'>, text: string): Promise<void> {
  await writeTo(err, text).catch(() => {});
}

/** Keeps a stream whose reader has gone away, or whose disk is full, from ending the process: who needs to know waits. */
export function ignoreErrors(stream: NodeJS.WritableStream): void {
  stream.on('error', () => {});
}

/** node's own stream for a file does not notice when only a part of the text fits on the disk. */
async function writeToFile(fd: number, text: string): Promise<'taken'> {
  writeFileSync(fd, text);
  return 'taken';
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
