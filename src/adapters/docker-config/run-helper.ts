import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { DockerConfigError } from './docker-config-error.ts';

const MAX_OUTPUT_CHARACTERS = 64 * 1024;
/** Milliseconds after its end in which what a helper has said arrives: what it started may keep its output open. */
const DRAIN = 200;

export interface Asking {
  /** Of the helper; its PATH says where it is. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface HelperRun {
  /** `exit 3`, `ended by SIGTERM`. */
  readonly end: string;
  readonly output: string;
  /** What it has said on stderr. */
  readonly complaint: string;
}

/**
 * Runs a helper with a host as its question, to its end. One that takes too long or says too much is killed with all
 * that it has started. Throws `helper-failed`, and the signal's reason when that is aborted.
 */
export function runHelper(
  program: string,
  host: string,
  { env, timeout, signal }: Asking,
): Promise<HelperRun> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = start(program, env);
    const failed = (why: string) => new DockerConfigError('helper-failed', `${program} get ${host}: ${why}`);
    const giveUp = (reason: unknown) => {
      release();
      killGroup(child);
      reject(reason);
    };
    const stop = () => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(failed(`no answer within ${timeout} ms`)), timeout);
    const release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    };
    const flood = failed(`it says more than ${MAX_OUTPUT_CHARACTERS} characters`);
    const output = collect(child.stdout, () => giveUp(flood));
    const complaint = collect(child.stderr, () => {});
    signal.addEventListener('abort', stop);
    child.on('error', (cause) => giveUp(cannotRun(program, cause)));
    child.on('exit', (status, killedBy) => {
      const end = status === null ? `ended by ${killedBy}` : `exit ${status}`;
      afterDrain(child, () => {
        release();
        resolve({ end, output: output(), complaint: complaint() });
      });
    });
    child.stdin.on('error', () => {}); // a helper that ends without reading is judged by its answer
    child.stdin.end(host);
  });
}

/** The leader of a group of its own, so that all that it starts can be ended with it. */
function start(program: string, env: Asking['env']): ChildProcessWithoutNullStreams {
  try {
    return spawn(program, ['get'], { env, detached: true });
  } catch (error) {
    throw cannotRun(program, error); // node throws some errors, and emits others
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

/** Reads a stream from now on, to a limit; the result tells what has come so far. */
function collect(stream: Readable, onFlood: () => void): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length <= MAX_OUTPUT_CHARACTERS) text += piece;
    if (text.length > MAX_OUTPUT_CHARACTERS) onFlood();
  });
  return () => text;
}

/** Once the output of a child that has ended is closed, or a short while later: then whatever it said has been read. */
function afterDrain(child: ChildProcess, act: () => void): void {
  const timer = setTimeout(() => setImmediate(act), DRAIN); // reads come between a timer and an immediate
  child.once('close', () => {
    clearTimeout(timer);
    act();
  });
}

function cannotRun(program: string, cause: unknown): DockerConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause);
  return new DockerConfigError('helper-failed', `cannot run ${program}: ${REASONS[code] ?? code}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'is it installed and in PATH?',
  EACCES: 'the file in PATH may not be executed, see chmod +x',
};
