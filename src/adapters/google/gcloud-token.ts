import { spawn } from 'node:child_process';
import { oneLine } from '../../base/text.ts';
import type { Env } from './default-credentials.ts';
import { redact } from './explain-failure.ts';
import { GoogleError } from './google-error.ts';
import { withinLimit } from './shared-work.ts';

const MAX_OUTPUT_CHARACTERS = 64 * 1024;
const TOKEN = /^[!-~]+$/;

/**
 * The token that `gcloud auth print-access-token` prints for an account; undefined where gcloud is not in PATH.
 * Throws `gcloud` where it fails or takes longer than `limit` milliseconds; what it printed as a token is not repeated.
 */
export async function askGcloud(
  account: string,
  { env, limit, signal }: { env: Env; limit: number; signal: AbortSignal },
): Promise<string | undefined> {
  const args = ['auth', 'print-access-token', `--account=${account}`];
  const command = `gcloud ${args.join(' ')}`;
  const late = () => new GoogleError('gcloud', `${command}: no answer within ${limit} ms`);
  const ended = await withinLimit((inner) => runGcloud(args, env, inner), { signal, limit, late });
  if (ended === undefined) return undefined;
  const token = ended.stdout.trim();
  if (ended.status !== 0) {
    const words = oneLine(redact(ended.stderr, [token]), 300);
    throw new GoogleError('gcloud', `${command}: exit ${ended.status}${words === '' ? '' : `: ${words}`}`);
  }
  if (!TOKEN.test(token)) throw new GoogleError('gcloud', `${command}: it printed no token`);
  return token;
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runGcloud(args: readonly string[], env: Env, signal: AbortSignal): Promise<Ended | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('gcloud', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' },
      signal,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        if (said[stream].length < MAX_OUTPUT_CHARACTERS) said[stream] += text;
      });
    }
    child.on('error', (error) => {
      child.stdout.destroy(); // what gcloud started may keep them open
      child.stderr.destroy();
      if (signal.aborted) reject(signal.reason);
      else if ('code' in error && error.code === 'ENOENT') resolve(undefined);
      else reject(new GoogleError('gcloud', `cannot run gcloud: ${error.message}`));
    });
    child.on('close', (status) => resolve({ ...said, status: status ?? -1 }));
  });
}
