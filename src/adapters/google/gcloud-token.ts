import { type ChildProcess, spawn } from 'node:child_process';
import { oneLine } from '../../base/text.ts';
import type { Env } from './default-credentials.ts';
import { redact } from './explain-failure.ts';
import { GoogleError } from './google-error.ts';
import { withinLimit } from './shared-work.ts';

const MAX_OUTPUT_CHARACTERS = 64 * 1024;
/** Milliseconds after its end in which what it has said arrives. */
const DRAIN = 200;
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
    throw new GoogleError('gcloud', `${command}: exit ${ended.status}: ${explain(ended.stderr, token)}`);
  }
  if (!TOKEN.test(token)) throw new GoogleError('gcloud', `${command}: it printed no token`);
  return token;
}

/** Only what gcloud itself calls its error: wrappers and plugins print other things, secrets among them. */
function explain(stderr: string, token: string): string {
  const own = /^ERROR: \(gcloud[^)]*\).*$/m.exec(stderr)?.[0];
  return own === undefined ? 'run it to see why' : oneLine(redact(own, [token]), 200);
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
      detached: true, // the leader of a group of its own: it is a script that starts others
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        if (said[stream].length < MAX_OUTPUT_CHARACTERS) said[stream] += text;
      });
    }
    const giveUp = () => {
      killGroup(child);
      release();
      reject(signal.reason);
    };
    const release = () => {
      signal.removeEventListener('abort', giveUp);
      child.stdout.destroy();
      child.stderr.destroy();
    };
    signal.addEventListener('abort', giveUp);
    child.on('error', (error) => {
      release();
      if ('code' in error && error.code === 'ENOENT') resolve(undefined);
      else reject(new GoogleError('gcloud', `cannot run gcloud: ${error.message}`));
    });
    child.on('exit', (status) => {
      afterDrain(child, () => {
        release();
        resolve({ ...said, status: status ?? -1 });
      });
    });
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** Once the output of a child that has ended is closed, or a short while later: what it started may keep it open. */
function afterDrain(child: ChildProcess, act: () => void): void {
  const timer = setTimeout(() => setImmediate(act), DRAIN); // reads come between a timer and an immediate
  child.once('close', () => {
    clearTimeout(timer);
    act();
  });
}
