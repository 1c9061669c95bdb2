import { spawn } from 'node:child_process';
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
  const { status, output } = await runHelper(program, host, asking);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return { kind: 'anonymous' };
    throw new DockerConfigError(
      'helper-failed',
      `${program} get ${host}: exit ${status}: ${oneLine(output)}`,
    );
  }
  return parseAnswer(program, output);
}

function runHelper(
  program: string,
  host: string,
  { env, timeout, signal }: Asking,
): Promise<{ status: number; output: string }> {
  const limit = AbortSignal.timeout(timeout);
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env,
      signal: AbortSignal.any([signal, limit]),
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT_CHARACTERS) output += text;
    });
    child.on('error', (cause) => {
      child.stdout.destroy(); // what the helper started may keep it open
      const why = limit.aborted
        ? `${program} get ${host}: no answer within ${timeout} ms`
        : `cannot run ${program}: is it installed and in PATH?`;
      reject(signal.aborted ? signal.reason : new DockerConfigError('helper-failed', why, { cause }));
    });
    child.on('close', (status) => resolve({ status: status ?? -1, output }));
    child.stdin.on('error', () => {}); // a helper that ends without reading is judged by its answer
    child.stdin.end(host);
  });
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
