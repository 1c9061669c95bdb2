// Covers src/adapters/docker-config/entry-key.ts
// Covers src/ports/keychain.ts

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/adapters/docker-config/config-files.ts';
import { createDockerConfigKeychain } from '../../../src/adapters/docker-config/docker-config-keychain.ts';
import { DockerConfigError } from '../../../src/adapters/docker-config/parse-docker-config.ts';
import type { Credential, Keychain } from '../../../src/ports/keychain.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
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

describe('an entry of another kind', () => {
  it.each<[unknown, string]>([
    ['s3cret', 'expected a JSON object, got a value of type string'],
    [['s3cret'], 'expected a JSON object, got a list'],
    [{ auth: 5 }, 'expected auth to be a text, got a value of type number'],
    [{ ...auth('u:p'), identitytoken: ['s3cret'] }, 'expected identitytoken to be a text, got a list'],
  ])('is an error where it is needed: %j', async (entry, words) => {
    const config = { auths: { 'gcr.io': entry, 'a.io': auth('u:p') } };
    expect(await credentialFor(config, 'a.io')).toEqual(basic('u', 'p'));
    const error = await errorOf(credentialFor(config, 'gcr.io'));
    expect(error).toMatchObject({ code: 'malformed', message: expect.stringMatching(/: auths "gcr\.io": /) });
    expect(error.message.endsWith(words)).toBe(true);
  });

  it.each<[unknown, string]>([
    [{ auths: [1, 2] }, 'expected "auths" to be a JSON object, got a list'],
    [{ credHelpers: 'x' }, 'expected "credHelpers" to be a JSON object, got a value of type string'],
    [
      { credHelpers: { 'a.io': 5 } },
      '"credHelpers": "a.io": expected the name of a helper, got a value of type number',
    ],
    [{ credsStore: 5 }, '"credsStore": expected the name of a helper, got a value of type number'],
  ])('of the whole file is an error for every host: %j', async (config, words) => {
    const error = await errorOf(credentialFor(config, 'gcr.io'));
    expect(error.code).toBe('malformed');
    expect(error.message.endsWith(`config.json: ${words}`)).toBe(true);
  });
});

describe('config.json', () => {
  it.each([
    ['{"auths":{"gcr.io":{"auth":"s3cret', 'invalid JSON from line 1, column 35 on'],
    ['{\n "auths": s3cret}', 'invalid JSON from line 2, column 11 on'],
    ['s3cret', 'invalid JSON from line 1, column 1 on'],
    ['"s3cret"', 'JSON of another kind'],
    ['["s3cret"]', 'JSON of another kind'],
    ['null', 'JSON of another kind'],
    ['', 'an empty file: {} has no credentials'],
    ['\uFEFF \n', 'an empty file: {} has no credentials'],
  ])('that is %j is malformed, and its content is in no message', async (text, got) => {
    const error = await errorOf(credentialFor(text, 'gcr.io'));
    expect(error.code).toBe('malformed');
    const words = `config.json: expected a JSON object, as docker login writes it, got ${got}`;
    expect(error.message.endsWith(words), error.message).toBe(true);
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret');
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no entries', { auths: {} }],
    ['nulls', { auths: null, credHelpers: { 'gcr.io': null }, credsStore: null }],
    ['an empty store', { credsStore: '' }],
    ['settings of other things', { HttpHeaders: {}, psFormat: 'x', currentContext: 'y' }],
  ])('may hold %s', async (_what, config) => {
    expect(await credentialFor(config, 'gcr.io')).toEqual(ANONYMOUS);
  });

  it('may begin as editors of Windows have it', async () => {
    const text = `\uFEFF${JSON.stringify({ auths: { 'a.io': auth('u:p') } })}`;
    expect(await credentialFor(text, 'a.io')).toEqual(basic('u', 'p'));
  });

  it.each([
    ['a directory', { 'config.json/': '' }, 'EISDIR'],
    ['a link to itself', { 'config.json': { link: 'config.json' } }, 'ELOOP'],
  ] as const)('that is %s cannot be read, and the error says why', async (_what, files, code) => {
    const directory = await testdir(files);
    const error = await errorOf(ask(keychainIn({ DOCKER_CONFIG: directory, HOME: directory }), 'a.io'));
    expect(error.code).toBe('unreadable');
    expect(error.message).toBe(`cannot read ${join(directory, 'config.json')}: ${code}`);
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
