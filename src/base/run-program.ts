import type { ChildProcess, spawn as Spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CodedError, messageOf } from './errors.ts';

/**
 * - `not-found`       there is no such program in PATH
 * - `not-runnable`    it cannot be started; the message is the error code of the system, such as `EACCES`
 * - `too-late`        it did not end within its time limit
 * - `too-much-output` its output exceeds the limit
 */
export type ProgramErrorCode = 'not-found' | 'not-runnable' | 'too-late' | 'too-much-output';

/** A program failed to run to its end. The message names the failure; the caller adds the program. */
export class ProgramError extends CodedError<ProgramErrorCode> {}

export interface ProgramCall {
  /** A name, which is looked up in its PATH, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The content of stdin. */
  readonly input: string | Uint8Array;
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Maximum size of the output in bytes. Default: 64 KiB. */
  readonly maxOutput?: number;
}

export interface ProgramRun<Output = string> {
  /** `exit 3`, `ended by SIGTERM`. */
  readonly end: string;
  readonly output: Output;
  /** The last 64 KiB of stderr. */
  readonly stderr: string;
}

const MAX_OUTPUT = 64 * 1024;
/** Milliseconds to wait for output after the program's end: its own children may keep the output open. */
const DRAIN = 200;

/**
 * Runs a program to its end. A program that exceeds its time or output limit is killed with its child processes. Throws a
 * `ProgramError`, or the reason of the signal if that aborts.
 */
export async function runProgram(call: ProgramCall): Promise<ProgramRun> {
  const run = await runForBytes(call);
  return { ...run, output: run.output.toString() };
}

/** The same, for output that is not text. */
export async function runForBytes(call: ProgramCall): Promise<ProgramRun<Buffer>> {
  const { input, limit, signal, maxOutput = MAX_OUTPUT } = call;
  const { spawn } = await import('node:child_process'); // most runs start no program
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = start(spawn, call);
    const giveUp = (reason: unknown) => {
      release();
      killGroup(child);
      reject(reason);
    };
    const stop = () => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(tooLate(limit)), limit);
    const release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    };
    const output = collect(child.stdout, maxOutput, () => giveUp(tooMuchOutput(maxOutput)));
    const stderr = collectEnd(child.stderr, MAX_OUTPUT);
    signal.addEventListener('abort', stop);
    child.on('error', (cause) => giveUp(cannotRun(cause)));
    child.on('exit', (status, killedBy) => {
      const end = status === null ? `ended by ${killedBy}` : `exit ${status}`;
      afterDrain(child, () => {
        release();
        resolve({ end, output: output(), stderr: stderr().toString() });
      });
    });
    child.stdin.on('error', () => {}); // a program that ends without reading is judged by its result
    child.stdin.end(input);
  });
}

/** Starts the leader of a new process group, so that its child processes can be ended with it. */
function start(spawn: typeof Spawn, { program, args, env }: ProgramCall) {
  try {
    return spawn(program, args, { env, detached: true });
  } catch (error) {
    throw cannotRun(error); // node throws some errors, and emits others
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** Reads a stream, up to a limit. The returned function gives the bytes so far. */
function collect(stream: Readable, limit: number, onExceeded: () => void): () => Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    if (size <= limit) pieces.push(piece);
    size += piece.length;
    if (size > limit) onExceeded();
  });
  return () => Buffer.concat(pieces);
}

/** Reads a stream. The returned function gives its last bytes so far: programs print the reason of a failure last. */
function collectEnd(stream: Readable, limit: number): () => Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    while (size - (pieces[0]?.length ?? 0) >= limit) size -= pieces.shift()?.length ?? 0;
  });
  return () => Buffer.concat(pieces).subarray(-limit);
}

/** Acts when the output of an ended child is closed, or a short while later: by then all of it has been read. */
function afterDrain(child: ChildProcess, act: () => void): void {
  const timer = setTimeout(() => setImmediate(act), DRAIN); // reads come between a timer and an immediate
  child.once('close', () => {
    clearTimeout(timer);
    act();
  });
}

function cannotRun(cause: unknown): ProgramError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
  return new ProgramError(code === 'ENOENT' ? 'not-found' : 'not-runnable', code, { cause });
}

function tooLate(limit: number): ProgramError {
  return new ProgramError('too-late', `no answer within ${limit} ms`);
}

function tooMuchOutput(limit: number): ProgramError {
  return new ProgramError('too-much-output', `the output exceeds ${limit} bytes`);
}
