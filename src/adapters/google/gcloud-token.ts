import { ProgramError, type ProgramRun, runProgram } from '../../base/run-program.ts';
import { oneLine } from '../../base/text.ts';
import { GoogleError, redact } from './google-error.ts';
import type { Env } from './library.ts';

const TOKEN = /^[!-~]+$/;

/**
 * The token of `gcloud auth print-access-token` for an account; undefined if gcloud is not in PATH. Throws `gcloud` if
 * it fails or takes longer than `limit` milliseconds. The error does not quote the output.
 */
export async function askGcloud(
  account: string,
  { env, limit, signal }: { env: Env; limit: number; signal: AbortSignal },
): Promise<string | undefined> {
  const args = ['auth', 'print-access-token', `--account=${account}`];
  const command = `gcloud ${args.join(' ')}`;
  const settings = { ...env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' };
  const call = { program: 'gcloud', args, env: settings, input: '', limit, signal };
  const run = await runProgram(call).catch((error: unknown) => orMissing(error, command));
  if (run === undefined) return undefined;
  const token = run.output.trim();
  if (run.end !== 'exit 0') {
    throw new GoogleError('gcloud', `${command}: ${run.end}: ${explain(run.stderr, token)}`);
  }
  if (!TOKEN.test(token)) throw new GoogleError('gcloud', `${command}: it printed no token`);
  return token;
}

function orMissing(error: unknown, command: string): ProgramRun | undefined {
  if (!(error instanceof ProgramError)) throw error;
  if (error.code === 'not-found') return undefined;
  throw new GoogleError('gcloud', `${command}: ${error.message}`);
}

/** Quotes gcloud's own error line only: wrappers and plugins may print secrets. */
function explain(stderr: string, token: string): string {
  const own = stderr.split('\n').find((line) => /^ERROR: \(gcloud[^)]*\)/.test(line));
  return own === undefined ? 'run it to see why' : oneLine(redact(own, [token]), 200);
}
