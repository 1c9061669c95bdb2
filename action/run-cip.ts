import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { Env } from './github-event.ts';

/** Characters of the log that a summary quotes. */
const TAIL = 4000;
/** The exit code of a program that a signal ended is this and the number of the signal, as in a shell. */
const FIRST_SIGNAL = 128;

export interface CipResult {
  readonly exitCode: number;
  /** The end of the log. */
  readonly tail: string;
}

export interface CipCall {
  /** The script to run with node. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Env;
  /** Receives the log. */
  readonly write: (text: string) => unknown;
}

/**
 * Runs cip and passes its log on. The runner executes lines like `::add-mask::` in a log, and a log holds names that the
 * author of a pull request chose, so commands are switched off meanwhile.
 */
export async function runCip({ program, args, env, write }: CipCall): Promise<CipResult> {
  const token = randomUUID();
  write(`::stop-commands::${token}\n`);
  try {
    return await run({ program, args, env, write });
  } finally {
    write(`\n::${token}::\n`);
  }
}

function run({ program, args, env, write }: CipCall): Promise<CipResult> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      write(text);
      tail = `${tail}${text}`.slice(-TAIL);
    });
  }
  const pass = (signal: NodeJS.Signals) => child.kill(signal); // the runner cancels a job by a signal to its step
  process.on('SIGINT', pass).on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      if (signal === null) return resolve({ exitCode: code ?? 1, tail });
      const ending = `cip was ended by ${signal}${signal === 'SIGKILL' ? ', perhaps for want of memory' : ''}\n`;
      write(ending);
      resolve({ exitCode: FIRST_SIGNAL + constants.signals[signal], tail: `${tail}${ending}` });
    });
  });
}
