import { spawn } from 'node:child_process';
import { parseJsonObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './docker-config-error.ts';

/** Milliseconds that a helper may think. */
const TIMEOUT = 30_000;
const MAX_OUTPUT_CHARACTERS = 64 * 1024;
/** A user name that says that the secret is a refresh token. */
const TOKEN_USER = '<token>';

/**
 * Asks `docker-credential-<name> get` for the credential of a host; anonymous where it has none.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askCredentialHelper(
  name: string,
  host: string,
  signal: AbortSignal,
): Promise<Credential> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new DockerConfigError(
      'malformed',
      `docker config: ${oneLine(name)} is no name of a credential helper`,
    );
  }
  const program = `docker-credential-${name}`;
  const { status, output } = await runHelper(program, host, signal);
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
  signal: AbortSignal,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], signal, timeout: TIMEOUT });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT_CHARACTERS) output += text;
    });
    child.on('error', (cause) => {
      reject(
        new DockerConfigError('helper-failed', `cannot run ${program}: is it installed and in PATH?`, {
          cause,
        }),
      );
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
