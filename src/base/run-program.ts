import type { ChildProcess, spawn as Spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CodedError, messageOf } from './errors.ts';

/**
 * - `not-found`     there is no such program in PATH
 * - `not-runnable`  it cannot be started; the message is the system's word for it, such as `EACCES`
 * - `too-late`      it had not ended within its limit
 * - `too-talkative` it said more than anybody would read
 */
export type ProgramErrorCode = 'not-found' | 'not-runnable' | 'too-late' | 'too-talkative';

/** A program failed to run to its end. The message names the failure; the caller adds the program. */
export class ProgramError extends CodedError<ProgramErrorCode> {}

export interface ProgramCall {
  /** A name that its PATH leads to. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The content of stdin. */
  readonly input: string | Uint8Array;
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Most bytes of output. Default: 64 KiB. */
  readonly maxOutput?: number;
}

export interface ProgramRun<Output = string> {
  /** `exit 3`, `ended by SIGTERM`. */
  readonly end: string;
  readonly output: Output;
  /** The end of the output on stderr, up to 64 KiB. */
  readonly complaint: string;
}

const MAX_OUTPUT = 64 * 1024;
/** Milliseconds to wait for output after the program's end: its own children may keep the output open. */
const DRAIN = 200;

/**
 * Runs a program to its end. One that takes too long or says too much is killed with all that it has started. Throws a
 * `ProgramError`, and the signal's reason when that is aborted.
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
    const output = collect(child.stdout, maxOutput, () => giveUp(tooTalkative(maxOutput)));
    const complaint = collectEnd(child.stderr, MAX_OUTPUT);
    signal.addEventListener('abort', stop);
    child.on('error', (cause) => giveUp(cannotRun(cause)));
    child.on('exit', (status, killedBy) => {
      const end = status === null ? `ended by ${killedBy}` : `exit ${status}`;
      afterDrain(child, () => {
        release();
        resolve({ end, output: output(), complaint: complaint().toString() });
      });
    });
    child.stdin.on('error', () => {}); // one that ends without reading is judged by its answer
    child.stdin.end(input);
  });
}

/** The leader of a group of its own, so that all that it starts can be ended with it. */
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

/** Reads a stream from now on, up to a limit. The returned function gives the bytes so far. */
function collect(stream: Readable, limit: number, onFlood: () => void): () => Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('data', (piece: Buffer) => {
    if (size <= limit) pieces.push(piece);
    size += piece.length;
    if (size > limit) onFlood();
  });
  return () => Buffer.concat(pieces);
}

/** Reads a stream from now on. The returned function gives its last bytes so far: programs end with the reason of their failure. */
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

/** Once the output of a child that has ended is closed, or a short while later: then whatever it said has been read. */
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

function tooTalkative(limit: number): ProgramError {
  return new ProgramError('too-talkative', `it says more than ${limit} bytes`);
}
