// Covers src/base/run-program.ts

import { execFile } from 'node:child_process';
import { chmod, type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  askCredentialHelper,
  HELPER_TIMEOUT,
} from '../../../src/adapters/docker-config/credential-helper.ts';
import { createDockerConfigKeychain } from '../../../src/adapters/docker-config/docker-config-keychain.ts';
import { DockerConfigError } from '../../../src/adapters/docker-config/parse-docker-config.ts';
import type { Credential } from '../../../src/ports/keychain.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { poll } from '../../doubles/waiting.ts';
import { repositoryAt } from '../oci/client.ts';
import { ANSWERS, withHelpers } from './helper-programs.ts';

const { signal } = new AbortController();
const FROM_HELPER: Credential = { kind: 'basic', username: 'helped', password: 's3cret' };
async function askHelper(script: string, host = 'gcr.io'): Promise<Credential> {
  const { env } = await withHelpers({ test: script });
  return askCredentialHelper('test', host, { env, timeout: HELPER_TIMEOUT, signal });
}

async function errorOf(promise: Promise<unknown>): Promise<DockerConfigError> {
  const thrown = await promise.catch((error: unknown) => error);
  if (thrown instanceof DockerConfigError) return thrown;
  throw new Error(`expected a DockerConfigError, got ${String(thrown)}`);
}

/** Milliseconds. */
const TEST_LIMIT = 4000;

/** A helper that has something read from a pipe; `pipe` waits for that to begin, and ends it with the test. */
async function withReader(...lines: readonly string[]) {
  const { directory, env } = await withHelpers({ test: lines.join('\n') });
  const PIPE = join(directory, 'pipe');
  await promisify(execFile)('mkfifo', [PIPE]);
  const pipe = async () => {
    const opened = await open(PIPE, 'w');
    onTestFinished(() => opened.close());
    return opened;
  };
  return { env: { ...env, PIPE }, pipe };
}

function isRead(pipe: FileHandle): Promise<boolean> {
  return pipe.write('x').then(
    () => true,
    () => false,
  );
}

describe('a credential helper', () => {
  it('answers', async () => {
    const { directory, env } = await withHelpers({ test: ANSWERS });
    const asked = askCredentialHelper('test', 'gcr.io', { env, timeout: HELPER_TIMEOUT, signal });
    expect(await asked).toEqual(FROM_HELPER);
    expect(await readFile(join(directory, 'asked'), 'utf8')).toBe('gcr.io get\n');
  });

  it('may answer without reading the question', async () => {
    const script = `exec 0<&-; echo '{"Username":"helped","Secret":"s3cret"}'`;
    expect(await askHelper(script)).toEqual(FROM_HELPER);
  });

  it('gives a refresh token by a name for it', async () => {
    expect(await askHelper(`echo '{"Username":"<token>","Secret":"r"}'`)).toEqual({
      kind: 'identity-token',
      token: 'r',
    });
  });

  it.each(['credentials not found in native keychain', 'Credentials Not Found'])(
    'may know nobody: %s',
    async (words) => {
      expect(await askHelper(`echo '${words}'; exit 1`)).toEqual({ kind: 'anonymous' });
    },
  );

  const HELP = 'to see for yourself: echo gcr.io | docker-credential-test get';
  const SILENT = 'its words are not repeated, they may hold a secret';

  it.each([
    ['a secret on stdout', `printf 's3cret\\nrejected'; exit 3`, `exit 3: ${SILENT}`],
    ['a secret on stderr', `echo 'token=s3cret' >&2; exit 1`, `exit 1: ${SILENT}`],
    [
      'one beside what is known',
      `echo 'User interaction is not allowed: s3cret'; exit 1`,
      'exit 1: User interaction is not allowed',
    ],
    ['nothing', 'exit 3', 'exit 3: it did not say why'],
    ['no status', 'kill -9 $$', 'ended by SIGKILL: it did not say why'],
  ])(
    'that fails with %s is an error that does not repeat it, and says how to see it',
    async (_what, script, words) => {
      const error = await errorOf(askHelper(script));
      expect(error.code).toBe('helper-failed');
      expect(error.message).toBe(`docker-credential-test get gcr.io: ${words}; ${HELP}`);
      expect(`${error.stack} ${String(error.cause)}`).not.toContain('s3cret');
    },
  );

  it.each([
    ['no JSON', 'echo s3cret'],
    ['JSON of another kind', `echo '["s3cret"]'`],
    ['nothing', 'true'],
    ['null', 'echo null'],
    ['no secret', `echo '{"Username":"s3cret"}'`],
    ['no user', `echo '{"Secret":"s3cret"}'`],
    ['numbers', `echo '{"Username":1,"Secret":2}'`],
  ])('that answers with %s is an error that does not repeat it', async (_what, script) => {
    const error = await errorOf(askHelper(script));
    expect(error.code).toBe('helper-failed');
    expect(error.message).toBe('docker-credential-test get: its answer is not JSON with Username and Secret');
    expect(`${error.stack} ${String(error.cause)}`).not.toContain('s3cret');
  });

  it('that knows a user and a secret without letters knows nobody', async () => {
    expect(await askHelper(`echo '{"Username":"","Secret":""}'`)).toEqual({ kind: 'anonymous' });
  });

  it('that may not be executed is an error that says so', async () => {
    const { directory, env } = await withHelpers({ test: 'true' });
    await chmod(join(directory, 'docker-credential-test'), 0o644);
    const asked = askCredentialHelper('test', 'gcr.io', { env, timeout: HELPER_TIMEOUT, signal });
    const words = 'cannot run docker-credential-test: the file in PATH may not be executed, see chmod +x';
    expect((await errorOf(asked)).message).toBe(words);
  });

  it('that is not installed is an error that says what to do', async () => {
    const { env } = await withHelpers({});
    const asked = askCredentialHelper('nowhere', 'gcr.io', { env, timeout: HELPER_TIMEOUT, signal });
    const error = await errorOf(asked);
    expect(error.code).toBe('helper-failed');
    expect(error.message).toBe('cannot run docker-credential-nowhere: is it installed and in PATH?');
  });

  it.each(['../../bin/sh', 'a b', '', 'a;b', '$(x)'])('is never run by the name %j', async (name) => {
    const asked = askCredentialHelper(name, 'gcr.io', { env: {}, timeout: HELPER_TIMEOUT, signal });
    expect((await errorOf(asked)).code).toBe('malformed');
  });

  it('that never stops talking is killed at once', async () => {
    const error = await errorOf(askHelper('exec cat /dev/zero'));
    expect(error.message).toBe('docker-credential-test get gcr.io: the output exceeds 65536 bytes');
  });

  it.each([
    ['answers', `echo '{"Username":"helped","Secret":"s3cret"}'`],
    ['fails', 'exit 3'],
  ])(
    'that %s is not waited for longer than it lives: what it started may keep its output open',
    async (_how, act) => {
      const { env, pipe } = await withReader(`cat "$PIPE" &`, act);
      const asked = askCredentialHelper('test', 'gcr.io', { env, timeout: HELPER_TIMEOUT, signal });
      const opened = await pipe();
      await asked.catch(() => {});
      expect(await isRead(opened)).toBe(true);
    },
  );

  // the helper waits for something that would outlive it and keeps its output open
  const HANGS = `trap '' TERM INT\nsleep 5 & wait`;

  it('that does not answer in time is an error', async () => {
    const { env } = await withHelpers({ test: HANGS });
    const error = await errorOf(askCredentialHelper('test', 'gcr.io', { env, timeout: 20, signal }));
    expect(error.code).toBe('helper-failed');
    expect(error.message).toBe('docker-credential-test get gcr.io: no answer within 20 ms');
  });

  it('that is given up is killed with all that it has started', async () => {
    const { env, pipe } = await withReader(`trap '' TERM INT`, `cat "$PIPE" > /dev/null & wait`);
    const stop = new AbortController();
    const asked = askCredentialHelper('test', 'gcr.io', {
      env,
      timeout: HELPER_TIMEOUT,
      signal: stop.signal,
    });
    const opened = await pipe();
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(await poll(TEST_LIMIT, async () => !(await isRead(opened)))).toBe(true);
  });

  it('is not waited for when the signal was aborted', async () => {
    const { env } = await withHelpers({ test: HANGS });
    const stop = new AbortController();
    const reason = new Error('enough');
    const asked = askCredentialHelper('test', 'gcr.io', {
      env,
      timeout: HELPER_TIMEOUT,
      signal: stop.signal,
    });
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
    const late = askCredentialHelper('test', 'gcr.io', {
      env,
      timeout: HELPER_TIMEOUT,
      signal: stop.signal,
    });
    await expect(late).rejects.toBe(reason);
  });
});

describe('the keychain asks', () => {
  const OWN = { auth: Buffer.from('own:p').toString('base64') };
  const OWN_CREDENTIAL: Credential = { kind: 'basic', username: 'own', password: 'p' };

  it.each<[string, unknown, string, Credential, string | undefined]>([
    [
      'the helper of a host before its own entry',
      { auths: { 'gcr.io': OWN }, credHelpers: { 'gcr.io': 'test' } },
      'gcr.io',
      FROM_HELPER,
      'gcr.io get\n',
    ],
    [
      'the helper of that host only',
      { credHelpers: { 'gcr.io': 'test' } },
      'eu.gcr.io',
      { kind: 'anonymous' },
      undefined,
    ],
    ['the store for other hosts', { credsStore: 'test' }, 'ghcr.io', FROM_HELPER, 'ghcr.io get\n'],
    [
      'the store where docker login left an empty entry',
      { auths: { 'ghcr.io': {} }, credsStore: 'test' },
      'ghcr.io',
      FROM_HELPER,
      'ghcr.io get\n',
    ],
    [
      'nobody where there is an entry',
      { auths: { 'ghcr.io': OWN }, credsStore: 'test' },
      'ghcr.io',
      OWN_CREDENTIAL,
      undefined,
    ],
    [
      'for Docker Hub by its first address',
      { credsStore: 'test' },
      'docker.io',
      FROM_HELPER,
      'https://index.docker.io/v1/ get\n',
    ],
    [
      'nobody for a host whose helper is empty',
      { credHelpers: { 'ghcr.io': '' }, credsStore: 'test' },
      'ghcr.io',
      { kind: 'anonymous' },
      undefined,
    ],
    [
      'the helper of a whole host, not of a path',
      { credHelpers: { 'ghcr.io/app': 'test' } },
      'ghcr.io',
      { kind: 'anonymous' },
      undefined,
    ],
    [
      'the helper of Docker Hub',
      { credHelpers: { 'https://index.docker.io/v1/': 'test' } },
      'docker.io',
      FROM_HELPER,
      'https://index.docker.io/v1/ get\n',
    ],
  ])('%s', async (_what, config, host, expected, question) => {
    const { directory, env } = await withHelpers({ test: ANSWERS }, config);
    const keychain = createDockerConfigKeychain(env, new FakeClock());
    const repository = repositoryAt({ host }, 'app');
    expect((await keychain.identityFor(repository, signal)).credential).toEqual(expected);
    const asked = await readFile(join(directory, 'asked'), 'utf8').catch(() => undefined);
    expect(asked).toBe(question);
  });

  it('and does not fall back to nobody when that fails', async () => {
    const { env } = await withHelpers({ test: 'exit 2' }, { credsStore: 'test' });
    const keychain = createDockerConfigKeychain(env, new FakeClock());
    const asked = keychain.identityFor(repositoryAt({ host: 'gcr.io' }, 'app'), signal);
    expect((await errorOf(asked)).code).toBe('helper-failed');
  });
});
