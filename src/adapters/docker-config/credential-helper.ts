import { parseJsonObject } from '../../base/json.ts';
import type { ProgramRun } from '../../base/run-program.ts';
import { oneLine } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './parse-docker-config.ts';
import { type HelperCall, runHelper } from './run-helper.ts';

/** Milliseconds that a helper may think: it may ask a service, or a person. */
export const HELPER_TIMEOUT = 30_000;
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
  asking: HelperCall,
): Promise<Credential> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new DockerConfigError(
      'malformed',
      `docker config: ${oneLine(name)} is no name of a credential helper`,
    );
  }
  const program = `docker-credential-${name}`;
  const run = await runHelper(program, host, asking);
  if (run.end === 'exit 0') return parseAnswer(program, run.output);
  if (/credentials not found/i.test(run.output)) return { kind: 'anonymous' };
  const question = `${program} get ${host}: ${run.end}`;
  throw new DockerConfigError(
    'helper-failed',
    `${question}: ${explain(run)}; to see for yourself: echo ${host} | ${program} get`,
  );
}

/** What helpers say that holds no secret. Their other words are not repeated: they may be the secret itself. */
const HARMLESS = [
  'credentials not found in native keychain',
  'no credentials server URL',
  'User interaction is not allowed',
  'Cannot autolaunch D-Bus without X11 $DISPLAY',
  'pass not initialized',
  'decryption failed: No secret key',
  'NoCredentialProviders: no valid providers in chain',
  'You do not currently have an active account selected',
];

function explain({ output, complaint }: ProgramRun): string {
  const said = `${output}\n${complaint}`;
  if (said.trim() === '') return 'it did not say why';
  return (
    HARMLESS.find((phrase) => said.includes(phrase)) ?? 'its words are not repeated, they may hold a secret'
  );
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
  if (username === '' && secret === '') return { kind: 'anonymous' };
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret };
  return { kind: 'basic', username, password: secret };
}
