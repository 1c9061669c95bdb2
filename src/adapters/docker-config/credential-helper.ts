import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { parseJsonObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './docker-config-error.ts';

/** Milliseconds that a helper may think: it may ask a service, or a person. */
export const HELPER_TIMEOUT = 30_000;
const MAX_OUTPUT_CHARACTERS = 64 * 1024;
/** A user name that says that the secret is a refresh token. */
const TOKEN_USER = '<token>';

export interface Asking {
  /** Of the helper; its PATH says where it is. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Asks `docker-credential-<name> get` for the credential of a host; anonymous where it has none.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askCredentialHelper(name: string, host: string, asking: Asking): Promise<Credential> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new DockerConfigError(
      'malformed',
      `docker config: ${oneLine(name)} is no name of a credential helper`,
    );
  }
  const program = `docker-credential-${name}`;
  const { end, output, complaint } = await runHelper(program, host, asking);
  if (end === 'exit 0') return parseAnswer(program, output);
  if (/credentials not found/i.test(output)) return { kind: 'anonymous' };
  // helpers complain on stdout, where a secret would stand as well: what could be an answer is not repeated
  const isAnswer = /[{"]|secret/i.test(output);
  const words = (isAnswer ? '' : oneLine(output)) || oneLine(complaint) || 'it did not say why';
  throw new DockerConfigError('helper-failed', `${program} get ${host}: ${end}: ${words}`);
}

interface HelperRun {
  /** `exit 3`, `ended by SIGTERM`. */
  readonly end: string;
  readonly output: string;
  /** What it has said on stderr. */
  readonly complaint: string;
}

function runHelper(program: string, host: string, { env, timeout, signal }: Asking): Promise<HelperRun> {
  const limit = AbortSignal.timeout(timeout);
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env,
      signal: AbortSignal.any([signal, limit]),
      killSignal: 'SIGKILL',
    });
    const output = collect(child.stdout);
    const complaint = collect(child.stderr);
    child.on('error', (cause) => {
      for (const stream of [child.stdout, child.stderr]) stream.destroy(); // what the helper started may keep them open
      const why = limit.aborted
        ? `${program} get ${host}: no answer within ${timeout} ms`
        : `cannot run ${program}: is it installed and in PATH?`;
      reject(signal.aborted ? signal.reason : new DockerConfigError('helper-failed', why, { cause }));
    });
    child.on('close', (status, killedBy) => {
      const end = status === null ? `ended by ${killedBy}` : `exit ${status}`;
      resolve({ end, output: output(), complaint: complaint() });
    });
    child.stdin.on('error', () => {}); // a helper that ends without reading is judged by its answer
    child.stdin.end(host);
  });
}

/** Reads a stream from now on, to a limit; the result tells what has come so far. */
function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length < MAX_OUTPUT_CHARACTERS) text += piece;
  });
  return () => text;
}

function parseAnswer(program: string, output: string): Credential {
  const { Username: username, Secret: secret } = parseJsonObject(output) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    // what it printed is not repeated: it may be a secret
    throw new DockerConfigError(
      'helper-failed',
      `${program} get: its answer is not JSON with Username and Secret`,
    );
  }
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret };
  return { kind: 'basic', username, password: secret };
}
