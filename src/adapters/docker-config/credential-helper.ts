import { parseJsonObject } from '../../base/json.ts';
import { ProgramError, type ProgramRun, runProgram } from '../../base/run-program.ts';
import { oneLine } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './parse-docker-config.ts';

export interface HelperCall {
  /** The environment of the helper; its PATH locates the program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Milliseconds for one answer: a helper may ask a service, or a person. */
export const HELPER_TIMEOUT = 30_000;
/** The user name that marks the secret as a refresh token. */
const TOKEN_USER = '<token>';

/**
 * Runs `docker-credential-<name> get` for the credential of a host; anonymous if it has none. Throws `helper-failed`,
 * `malformed` for a bad name, and the reason of an aborted signal.
 *
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askCredentialHelper(
  name: string,
  host: string,
  { timeout: limit, ...call }: HelperCall,
): Promise<Credential> {
  if (!/^[\w.-]+$/.test(name)) {
    const message = `docker config: ${oneLine(name)} is no name of a credential helper`;
    throw new DockerConfigError('malformed', message);
  }
  const program = `docker-credential-${name}`;
  const run = await runProgram({ ...call, program, args: ['get'], input: host, limit }).catch(
    (error: unknown) => {
      if (!(error instanceof ProgramError)) throw error;
      throw new DockerConfigError('helper-failed', explainNoRun(error, { program, host }), { cause: error });
    },
  );
  if (run.end === 'exit 0') return parseAnswer(program, run.output);
  if (/credentials not found/i.test(run.output)) return { kind: 'anonymous' };
  const failure = `${program} get ${host}: ${run.end}: ${explainExit(run)}`;
  throw new DockerConfigError(
    'helper-failed',
    `${failure}; to see for yourself: echo ${host} | ${program} get`,
  );
}

function explainNoRun(
  { code, message }: ProgramError,
  { program, host }: { readonly program: string; readonly host: string },
): string {
  if (code === 'not-found') return `cannot run ${program}: is it installed and in PATH?`;
  if (code !== 'not-runnable') return `${program} get ${host}: ${message}`;
  return `cannot run ${program}: ${message === 'EACCES' ? 'the file in PATH may not be executed, see chmod +x' : message}`;
}

/** Phrases of helpers that hold no secret. Nothing else is repeated: it may be the secret itself. */
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

function explainExit({ output, stderr }: ProgramRun): string {
  const said = `${output}\n${stderr}`;
  if (said.trim() === '') return 'it did not say why';
  const phrase = HARMLESS.find((one) => said.includes(one));
  return phrase ?? 'its words are not repeated, they may hold a secret';
}

function parseAnswer(program: string, output: string): Credential {
  const { Username: username, Secret: secret } = parseJsonObject(output) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string') {
    const message = `${program} get: its answer is not JSON with Username and Secret`; // without its output: it may be a secret
    throw new DockerConfigError('helper-failed', message);
  }
  if (username === '' && secret === '') return { kind: 'anonymous' };
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret };
  return { kind: 'basic', username, password: secret };
}
