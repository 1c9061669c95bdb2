import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly seconds: number;
  /** User and system, of the program and of every program that it waited for. */
  readonly cpuSeconds: number;
  readonly exitCode: number;
  /** The end of what it printed. */
  readonly output: string;
}

const LIMIT_MS = 30 * 60_000;
const OUTPUT_TAIL = 2000;

// Node knows the CPU time of its children no better than this: bash's own `time` counts all that was waited for
const TIMED = 'TIMEFORMAT="%R %U %S"; { time "$@" > "$BENCH_OUTPUT" 2>&1; } 2> "$BENCH_TIMES"';

/** Runs a command to its end, its output in files of `directory`. After 30 minutes it is killed and has exit code -1. */
export async function measure(command: Command, directory: string): Promise<Measured> {
  const output = join(directory, 'output.log');
  const times = join(directory, 'times.txt');
  const child = spawn('bash', ['-c', TIMED, 'bash', command.program, ...command.args], {
    stdio: 'ignore',
    detached: true, // a group of its own, so that the limit ends all of it
    env: { ...process.env, ...command.env, BENCH_OUTPUT: output, BENCH_TIMES: times },
  });
  const limit = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), LIMIT_MS);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN] = parseTimes(await readText(times));
  return {
    seconds,
    cpuSeconds: user + system,
    exitCode: typeof code === 'number' ? code : -1,
    output: (await readText(output)).slice(-OUTPUT_TAIL),
  };
}

function parseTimes(text: string): number[] {
  return (text.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
