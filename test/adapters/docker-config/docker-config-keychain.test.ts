import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/adapters/docker-config/config-files.ts';
import { DockerConfigError } from '../../../src/adapters/docker-config/docker-config-error.ts';
import { createDockerConfigKeychain } from '../../../src/adapters/docker-config/docker-config-keychain.ts';
import type { Credential, Keychain } from '../../../src/ports/keychain.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../fake-clock.ts';
import { repositoryAt } from '../oci/client.ts';

const ANONYMOUS: Credential = { kind: 'anonymous' };
const { signal } = new AbortController();

function basic(username: string, password: string): Credential {
  return { kind: 'basic', username, password };
}

function auth(text: string): { auth: string } {
  return { auth: Buffer.from(text).toString('base64') };
}

/** What a config.json gives for a host. */
async function credentialFor(config: unknown, host: string): Promise<Credential> {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const directory = await testdir({ 'config.json': text });
  return ask(keychainIn({ DOCKER_CONFIG: directory, HOME: directory }), host);
}

function keychainIn(env: Environment): Keychain {
  return createDockerConfigKeychain(env, new FakeClock());
}

async function ask(keychain: Keychain, host: string): Promise<Credential> {
  return (await keychain.identityFor(repositoryAt({ host }, 'app'), signal)).credential;
}

async function errorOf(promise: Promise<unknown>): Promise<DockerConfigError> {
  const thrown = await promise.catch((error: unknown) => error);
  if (thrown instanceof DockerConfigError) return thrown;
  throw new Error(`expected a DockerConfigError, got ${String(thrown)}`);
}

describe('the key of an entry', () => {
  it.each([
    ['gcr.io', 'gcr.io'],
    ['https://gcr.io', 'gcr.io'],
    ['http://gcr.io', 'gcr.io'],
    ['https://gcr.io/', 'gcr.io'],
    ['https://gcr.io/v1/', 'gcr.io'],
    ['https://gcr.io/v2/', 'gcr.io'],
    ['localhost:5000', 'localhost:5000'],
    ['[::1]:5000', '[::1]:5000'],
    ['gcr.io/', 'gcr.io'],
    ['gcr.io/v2/', 'gcr.io'],
    ['https://gcr.io/some/path', 'gcr.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['https://index.docker.io/v1/', 'registry-1.docker.io'],
    ['index.docker.io', 'docker.io'],
    ['docker.io', 'docker.io'],
  ])('%s is for %s', async (key, host) => {
    expect(await credentialFor({ auths: { [key]: auth('u:p') } }, host)).toEqual(basic('u', 'p'));
  });

  it.each([
    ['gcr.io', 'eu.gcr.io'],
    ['eu.gcr.io', 'gcr.io'],
    ['gcr.io', 'gcr.io:443'],
    ['localhost:5000', 'localhost:5001'],
    ['localhost:5000', 'localhost'],
    ['localhost', 'localhost:5000'],
    ['gcr.io', 'gcr.io.evil.example.com'],
    ['docker.io', 'hub.docker.io'],
    ['gcr.io/ns', 'gcr.io'],
    ['gcr.io/app', 'eu.gcr.io'],
    ['__proto__', 'localhost'],
  ])('%s is not for %s', async (key, host) => {
    expect(await credentialFor({ auths: { [key]: auth('u:p') } }, host)).toEqual(ANONYMOUS);
  });
});

describe('an entry', () => {
  it.each<[string, unknown, Credential]>([
    ['auth', auth('user:pass'), basic('user', 'pass')],
    ['auth with colons in the password', auth('user:pa:ss:'), basic('user', 'pa:ss:')],
    ['auth without a password', auth('user:'), basic('user', '')],
    ['auth with zeros at its end', auth('user:pass\0\0'), basic('user', 'pass')],
    ['auth in letters of many languages', auth('üser:pässwörd'), basic('üser', 'pässwörd')],
    [
      'a key file',
      auth('_json_key:{"type":"service_account"}'),
      basic('_json_key', '{"type":"service_account"}'),
    ],
    ['username and password', { username: 'u', password: 'p' }, basic('u', 'p')],
    [
      'an identity token',
      { ...auth('0:0'), identitytoken: 'refresh' },
      { kind: 'identity-token', token: 'refresh' },
    ],
    ['a registry token', { registrytoken: 'bearer' }, { kind: 'registry-token', token: 'bearer' }],
    ['nothing', {}, ANONYMOUS],
    ['an empty auth', { auth: '' }, ANONYMOUS],
    ['what is no entry', 'text', ANONYMOUS],
    ['null', null, ANONYMOUS],
    ['a user without a password', { username: 'u' }, ANONYMOUS],
  ])('may hold %s', async (_what, entry, expected) => {
    expect(await credentialFor({ auths: { 'gcr.io': entry } }, 'gcr.io')).toEqual(expected);
  });

  it.each([
    ['no base64', 'sup*r s3cret'],
    ['no colon', Buffer.from('sup3rs3cret').toString('base64')],
    ['no user', Buffer.from(':sup3rs3cret').toString('base64')],
  ])('with an auth that has %s is malformed', async (_what, text) => {
    const error = await errorOf(credentialFor({ auths: { 'gcr.io': { auth: text } } }, 'gcr.io'));
    expect(error.code).toBe('malformed');
    expect(error.message).toMatch(/config\.json: auths "gcr\.io": auth is not base64 of user:password$/);
    expect(error.message).not.toContain('s3cret');
    expect(error.message).not.toContain(text);
  });
});

describe('config.json', () => {
  it.each(['{"auths":{"gcr.io":{"auth":"s3cret', '"s3cret"', '["s3cret"]', 's3cret', '', 'null'])(
    'that is %j is malformed, and its content is in no message',
    async (text) => {
      const error = await errorOf(credentialFor(text, 'gcr.io'));
      expect(error.code).toBe('malformed');
      expect(error.message).toMatch(/config\.json: expected a JSON object, as docker login writes it$/);
      expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret');
    },
  );

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no entries', { auths: {} }],
    ['entries of another kind', { auths: [], credHelpers: 'x', credsStore: 5 }],
    ['an empty store', { credsStore: '' }],
    ['settings of other things', { HttpHeaders: {}, psFormat: 'x', currentContext: 'y' }],
  ])('may hold %s', async (_what, config) => {
    expect(await credentialFor(config, 'gcr.io')).toEqual(ANONYMOUS);
  });

  it('is read once, when it is first asked for', async () => {
    const directory = await testdir({ 'config.json': JSON.stringify({ auths: { 'a.io': auth('u:p') } }) });
    const keychain = keychainIn({ DOCKER_CONFIG: directory, HOME: directory });
    expect(await ask(keychain, 'a.io')).toEqual(basic('u', 'p'));
    await chmod(join(directory, 'config.json'), 0);
    expect(await ask(keychain, 'a.io')).toEqual(basic('u', 'p'));
    expect(await ask(keychain, 'b.io')).toEqual(ANONYMOUS);
  });

  it('that is missing means nobody is known', async () => {
    const directory = await testdir({ 'a-file': '' });
    for (const place of [directory, join(directory, 'nowhere'), join(directory, 'a-file')]) {
      const keychain = keychainIn({ DOCKER_CONFIG: place, HOME: directory });
      expect(await ask(keychain, 'gcr.io')).toEqual(ANONYMOUS);
    }
  });

  it('that cannot be read is an error, not nobody', async () => {
    const directory = await testdir({ 'config.json/': '' });
    const keychain = keychainIn({ DOCKER_CONFIG: directory, HOME: directory });
    const error = await errorOf(ask(keychain, 'gcr.io'));
    expect(error.code).toBe('unreadable');
    expect(error.message).toBe(`cannot read ${join(directory, 'config.json')}`);
  });
});

describe('the place of config.json', () => {
  const config = (user: string) => JSON.stringify({ auths: { 'gcr.io': auth(`${user}:p`) } });

  it.each([
    ['DOCKER_CONFIG', (base: string) => ({ DOCKER_CONFIG: join(base, 'docker'), HOME: base }), 'by-variable'],
    ['.docker at home', (base: string) => ({ HOME: base }), 'at-home'],
    [
      '.docker at home where DOCKER_CONFIG is empty',
      (base: string) => ({ DOCKER_CONFIG: '', HOME: base }),
      'at-home',
    ],
  ])('is %s', async (_what, env, expected) => {
    const directory = await testdir({
      'docker/config.json': config('by-variable'),
      '.docker/config.json': config('at-home'),
    });
    const keychain = keychainIn(env(directory));
    expect(await ask(keychain, 'gcr.io')).toEqual(basic(expected, 'p'));
  });
});
