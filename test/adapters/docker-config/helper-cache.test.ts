import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDockerConfigKeychain } from '../../../src/adapters/docker-config/docker-config-keychain.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { repositoryAt } from '../oci/client.ts';
import { withHelpers } from './helper-programs.ts';

const MINUTE = 60_000;
/** Writes down each question, then does what a file beside it says. */
const SCRIPT = `here=$(dirname "$0"); host=$(cat); echo "$host" >> "$here/asked"; . "$here/answer"`;

function answering(username: string, secret: string): string {
  return `echo '{"Username":"${username}","Secret":"${secret}"}'`;
}

/** A keychain with a helper for a.io and b.io, and what it has been asked so far. */
async function setUp(answer = answering('bob', 'p1'), config: object = {}) {
  const helpers = { 'a.io': 'test', 'b.io': 'test' };
  const { directory, env } = await withHelpers({ test: SCRIPT }, { credHelpers: helpers, ...config });
  const say = (script: string) => writeFile(join(directory, 'answer'), script);
  await say(answer);
  const clock = new FakeClock();
  const keychain = createDockerConfigKeychain(env, clock);
  const ask = (host: string, { signal } = new AbortController()) =>
    keychain.identityFor(repositoryAt({ host }, 'team/app'), signal);
  const questions = async () => {
    const text = await readFile(join(directory, 'asked'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  };
  return { clock, ask, say, questions };
}

describe('the answer of a helper', () => {
  it('is asked for once for each host, however many wait for it', async () => {
    const { ask, questions } = await setUp();
    await Promise.all(['a.io', 'a.io', 'b.io', 'a.io', 'b.io'].map((host) => ask(host)));
    await ask('a.io');
    expect((await questions()).toSorted()).toEqual(['a.io', 'b.io']);
  });

  it('is asked for again after five minutes, once', async () => {
    const { clock, ask, say, questions } = await setUp();
    await ask('a.io');
    await say(answering('bob', 'p2'));
    clock.advance(5 * MINUTE - 1);
    expect((await ask('a.io')).credential).toMatchObject({ password: 'p1' });
    clock.advance(1);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('a.io')));
    for (const { credential } of answers) expect(credential).toMatchObject({ password: 'p2' });
    expect(await questions()).toEqual(['a.io', 'a.io']);
  });

  it('counts also where it is nobody', async () => {
    const { ask, questions } = await setUp('echo credentials not found in native keychain; exit 1');
    for (let round = 0; round < 3; round++) expect((await ask('a.io')).name).toBe('anonymous');
    expect(await questions()).toEqual(['a.io']);
  });

  it('that is a failure counts for some seconds', async () => {
    const { clock, ask, say, questions } = await setUp('echo locked; exit 1');
    for (let round = 0; round < 3; round++) {
      await expect(ask('a.io')).rejects.toThrow(
        'docker-credential-test get a.io: exit 1: its words are not repeated',
      );
    }
    await say(answering('bob', 'p1'));
    clock.advance(10_000);
    expect((await ask('a.io')).name).toBe('user "bob" (credential helper test)');
    expect(await questions()).toEqual(['a.io', 'a.io']);
  });

  it('is asked for anew where the one who asked gave up', async () => {
    const { ask } = await setUp();
    const stop = new AbortController();
    const reason = new Error('enough');
    const asked = ask('a.io', stop);
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
    expect((await ask('a.io')).name).toBe('user "bob" (credential helper test)');
  });
});

describe('an identity is named', () => {
  const config = {
    auths: {
      'token.io': { identitytoken: 's3cret' },
      'bearer.io': { registrytoken: 's3cret' },
      'user.io': { username: 'alice', password: 's3cret' },
      'odd.io': { username: 'a"b\n', password: 's3cret' },
      'none.io': {},
    },
  };

  it.each([
    ['user.io', 'user "alice" (docker config)'],
    ['odd.io', 'user "a\\"b\\n" (docker config)'],
    ['token.io', 'identity token (docker config)'],
    ['bearer.io', 'registry token (docker config)'],
    ['none.io', 'anonymous'],
    ['a.io', 'user "bob" (credential helper test)'],
  ])('at %s: %s', async (host, name) => {
    const { ask } = await setUp(answering('bob', 's3cret'), config);
    expect((await ask(host)).name).toBe(name);
  });

  it.each([
    '<token>',
    '_dcgcloud_token',
    '_token',
    'oauth2accesstoken',
    'AWS',
    '00000000-0000-0000-0000-000000000000',
  ])('by its helper alone where the user is %s', async (user) => {
    const { ask } = await setUp(answering(user, 's3cret'));
    expect((await ask('a.io')).name).toBe('credential helper test');
  });
});

describe('a helper that knows nobody', () => {
  it('leaves the question to the next file', async () => {
    const { directory, env } = await withHelpers(
      { test: 'echo credentials not found; exit 1' },
      { credsStore: 'test' },
    );
    const auth = JSON.stringify({ auths: { 'a.io': { username: 'podman', password: 'p' } } });
    const containers = { ...env, XDG_RUNTIME_DIR: join(directory, 'run') };
    await mkdir(join(directory, 'run/containers'), { recursive: true });
    await writeFile(join(directory, 'run/containers/auth.json'), auth);
    const keychain = createDockerConfigKeychain(containers, new FakeClock());
    const identity = await keychain.identityFor(
      repositoryAt({ host: 'a.io' }, 'app'),
      new AbortController().signal,
    );
    expect(identity.name).toBe('user "podman" (podman auth.json)');
  });
});
