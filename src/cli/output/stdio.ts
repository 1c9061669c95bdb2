import { fstatSync, writeFileSync } from 'node:fs';
import { CodedError, messageOf } from '../../base/errors.ts';
import { Secrets } from '../../base/secrets.ts';

/** Output could not be written: the disk is full, or the stream was never open. */
export class OutputError extends CodedError<'unwritable'> {}

/** The output of a run: data on `out`, everything for people on `err`. */
export interface Stdio {
  readonly out: Output;
  readonly err: Output;
  /** Redacted in all output of `out` and `err`. */
  readonly secrets: Secrets;
}

export interface Output {
  write(text: string, done?: (error?: Error | null) => void): unknown;
  readonly fd?: number;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Bytes that are written and not taken yet. */
  readonly backlog?: number;
}

/** The streams of this process, with secrets redacted. */
export function processStdio({ stdout, stderr }: NodeJS.Process): Stdio {
  const secrets = new Secrets();
  for (const stream of [stdout, stderr]) ignoreErrors(stream);
  return { out: new DiscreetOutput(stdout, secrets), err: new DiscreetOutput(stderr, secrets), secrets };
}

type ProcessStream = NodeJS.WriteStream & { readonly fd: number };

class DiscreetOutput implements Output {
  readonly #stream: ProcessStream;
  readonly #secrets: Secrets;
  readonly #isFile: boolean;

  constructor(stream: ProcessStream, secrets: Secrets) {
    this.#stream = stream;
    this.#secrets = secrets;
    this.#isFile = isFile(stream.fd);
  }

  get fd(): number {
    return this.#stream.fd;
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  get backlog(): number {
    return this.#stream.writableLength;
  }

  write(text: string, done: (error?: Error | null) => void = () => {}): void {
    const told = this.#secrets.redact(text);
    if (this.#isFile) writeToFile(this.fd, told, done);
    else this.#stream.write(told, done);
  }
}

/**
 * Writes to a stream and waits for it: a report to a pipe must be complete before the process ends. A closed pipe
 * (`| head`) is no failure and resolves to `gone`. Throws an `OutputError`.
 */
export function writeTo(stream: Output, text: string): Promise<'taken' | 'gone'> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve('taken');
      else if (isClosedPipe(error)) resolve('gone');
      else reject(unwritable(stream, error));
    });
  });
}

/** Writes a message to stderr. A failure, such as a full disk, is ignored. */
export async function tell(err: Stdio['err'], text: string): Promise<void> {
  await writeTo(err, text).catch(() => {});
}

/** Keeps a closed or full stream from ending the process. Writers that depend on it wait for their write. */
function ignoreErrors(stream: NodeJS.WritableStream): void {
  stream.on('error', () => {});
}

/** node's stream for a file does not notice if only a part of the text fits on the disk. */
function writeToFile(fd: number, text: string, done: (error?: Error | null) => void): void {
  try {
    writeFileSync(fd, text);
    done();
  } catch (error) {
    done(error instanceof Error ? error : new Error(messageOf(error)));
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
