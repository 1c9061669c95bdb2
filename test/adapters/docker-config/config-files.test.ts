// Covers src/adapters/docker-config/parse-docker-config.ts
// Covers src/adapters/docker-config/read-text.ts

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listConfigFiles } from '../../../src/adapters/docker-config/config-files.ts';
import { createDockerConfigKeychain } from '../../../src/adapters/docker-config/docker-config-keychain.ts';
import { DockerConfigError } from '../../../src/adapters/docker-config/parse-docker-config.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { repositoryAt } from '../oci/client.ts';

const { signal } = new AbortController();

/** A file with an entry for each key, whose user tells where it came from. */
function entries(entriesByKey: Readonly<Record<string, string>>): string {
  const auths = Object.entries(entriesByKey).map(([key, user]) => [
    key,
    { auth: Buffer.from(`${user}:p`).toString('base64') },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

async function identityIn(directory: string, { env, name }: { env: Record<string, string>; name: string }) {
  const places = Object.entries(env).map(([variable, path]) => [variable, join(directory, path)]);
  const keychain = createDockerConfigKeychain(Object.fromEntries(places), new FakeClock());
  const [host = '', ...path] = name.split('/');
  return keychain.identityFor(repositoryAt({ host }, path.join('/')), signal);
}

const EVERYWHERE = { HOME: '.', XDG_RUNTIME_DIR: 'run', XDG_CONFIG_HOME: 'xdg', DOCKER_CONFIG: 'docker' };

describe("podman's file of a session", () => {
  const pathsIn = (env: Record<string, string>, uid?: number) =>
    listConfigFiles({ HOME: '/home/a', ...env }, uid).map(({ path }) => path);

  it('is by the number of the user where the session has no directory', () => {
    expect(pathsIn({}, 1000)).toContain('/run/containers/1000/auth.json');
    expect(pathsIn({ XDG_RUNTIME_DIR: '/run/user/1000' }, 1000)).toEqual([
      '/home/a/.docker/config.json',
      '/run/user/1000/containers/auth.json',
      '/home/a/.config/containers/auth.json',
    ]);
  });

  it('is not looked for where users have no numbers', () => {
    expect(pathsIn({})).toEqual(['/home/a/.docker/config.json', '/home/a/.config/containers/auth.json']);
  });
});

describe('the first file with an entry decides', () => {
  const files = {
    'docker/config.json': entries({ 'a.io': 'docker' }),
    '.docker/config.json': entries({ 'a.io': 'home' }),
    'run/containers/auth.json': entries({ 'a.io': 'runtime', 'b.io': 'runtime' }),
    'xdg/containers/auth.json': entries({ 'a.io': 'xdg', 'b.io': 'xdg', 'c.io': 'xdg' }),
    '.config/containers/auth.json': entries({ 'a.io': 'config', 'b.io': 'config', 'c.io': 'config' }),
    'only.json': entries({ 'a.io': 'only' }),
  };

  it.each<[string, Record<string, string>, string]>([
    ["docker's file before podman's", EVERYWHERE, 'a.io: user "docker" (docker config)'],
    ["docker's file at home before podman's", { HOME: '.' }, 'a.io: user "home" (docker config)'],
    ["podman's file of the session", EVERYWHERE, 'b.io: user "runtime" (podman auth.json)'],
    ["podman's lasting file", EVERYWHERE, 'c.io: user "xdg" (podman auth.json)'],
    ["podman's lasting file at home", { HOME: '.' }, 'c.io: user "config" (podman auth.json)'],
    [
      "podman's files without a session",
      { HOME: '.', XDG_RUNTIME_DIR: '' },
      'b.io: user "config" (podman auth.json)',
    ],
    ['nobody where no file has one', EVERYWHERE, 'd.io: anonymous'],
    [
      'no file but that of REGISTRY_AUTH_FILE',
      { ...EVERYWHERE, REGISTRY_AUTH_FILE: 'only.json' },
      'a.io: user "only" (REGISTRY_AUTH_FILE)',
    ],
    ['nobody where that has none', { ...EVERYWHERE, REGISTRY_AUTH_FILE: 'only.json' }, 'b.io: anonymous'],
  ])('%s', async (_what, env, expected) => {
    const directory = await testdir(files);
    const [host = ''] = expected.split(':');
    const identity = await identityIn(directory, { env, name: `${host}/app` });
    expect(`${host}: ${identity.name}`).toBe(expected);
  });

  it('though a file behind it is broken', async () => {
    const directory = await testdir({ ...files, 'run/containers/auth.json': '{' });
    const known = await identityIn(directory, { env: EVERYWHERE, name: 'a.io/app' });
    expect(known.name).toBe('user "docker" (docker config)');
    const unknown = identityIn(directory, { env: EVERYWHERE, name: 'c.io/app' });
    await expect(unknown).rejects.toThrow(/auth\.json: expected a JSON object/);
  });
});

describe('the file of REGISTRY_AUTH_FILE', () => {
  it.each(['missing.json', 'a-file/below'])('%s has to be there', async (path) => {
    const directory = await testdir({ 'a-file': '', '.docker/config.json': entries({ 'a.io': 'home' }) });
    const env = { HOME: '.', REGISTRY_AUTH_FILE: path };
    const error: unknown = await identityIn(directory, { env, name: 'a.io/app' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DockerConfigError);
    expect(error).toMatchObject({
      code: 'unreadable',
      message: `REGISTRY_AUTH_FILE names ${join(directory, path)}, which is missing`,
    });
  });

  it('is no file where the variable is empty', async () => {
    const directory = await testdir({ '.docker/config.json': entries({ 'a.io': 'home' }) });
    const env = { HOME: directory, REGISTRY_AUTH_FILE: '' };
    const keychain = createDockerConfigKeychain(env, new FakeClock());
    const identity = await keychain.identityFor(repositoryAt({ host: 'a.io' }, 'app'), signal);
    expect(identity.name).toBe('user "home" (docker config)');
  });
});

describe('a pipe for REGISTRY_AUTH_FILE', () => {
  async function keychainFrom(clock: Clock) {
    const path = join(await testdir({}), 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const keychain = createDockerConfigKeychain({ REGISTRY_AUTH_FILE: path }, clock);
    return { path, asked: keychain.identityFor(repositoryAt({ host: 'a.io' }, 'app'), signal) };
  }

  it('is read when somebody writes to it, to its end', async () => {
    const { path, asked } = await keychainFrom(systemClock);
    const pipe = await open(path, 'w');
    const text = entries({ 'a.io': 'piped' });
    await pipe.write(text.slice(0, 5));
    await pipe.write(text.slice(5));
    await pipe.close();
    expect((await asked).name).toBe('user "piped" (REGISTRY_AUTH_FILE)');
  });

  it('is not waited for longer than ten seconds', async () => {
    const { path, asked } = await keychainFrom(new FakeClock());
    await expect(asked).rejects.toThrow(`${path}: nothing to read within 10 s`);
  });

  it('that never ends is not waited for either', async () => {
    const clock = new FakeClock();
    const path = join(await testdir({}), 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const pipe = await open(path, 'r+'); // a writer that stays
    onTestFinished(() => pipe.close());
    await pipe.write('{');
    const keychain = createDockerConfigKeychain({ REGISTRY_AUTH_FILE: path }, clock);
    const asked = keychain.identityFor(repositoryAt({ host: 'a.io' }, 'app'), signal);
    await expect(asked).rejects.toThrow(`${path}: no end within 10 s`);
  });
});

describe('an entry for a path', () => {
  const auth = entries({
    'q.io': 'host',
    'q.io/team': 'team',
    'q.io/team/sub/app': 'app',
    'only.io/team/': 'slash',
    'docker.io/library': 'official',
    'docker.io/team': 'hub',
    '[::1]:5000/team': 'six',
  });

  it.each([
    ['q.io/team/sub/app', 'user "app" (podman auth.json for q.io/team/sub/app)'],
    ['q.io/team/sub/app/deeper', 'user "app" (podman auth.json for q.io/team/sub/app)'],
    ['q.io/team/sub/apple', 'user "team" (podman auth.json for q.io/team)'],
    ['q.io/team/sub', 'user "team" (podman auth.json for q.io/team)'],
    ['q.io/team', 'user "team" (podman auth.json for q.io/team)'],
    ['q.io/teams/app', 'user "host" (podman auth.json)'],
    ['q.io/sub/team', 'user "host" (podman auth.json)'],
    ['only.io/team/app', 'user "slash" (podman auth.json for only.io/team)'],
    ['only.io/app', 'anonymous'],
    ['xq.io/team/app', 'anonymous'],
    ['q.io:443/team/app', 'anonymous'],
    ['docker.io/nginx', 'user "official" (podman auth.json for index.docker.io/library)'],
    ['registry-1.docker.io/team/app', 'user "hub" (podman auth.json for index.docker.io/team)'],
    ['docker.io/other/app', 'anonymous'],
    ['[::1]:5000/team/app', 'user "six" (podman auth.json for [::1]:5000/team)'],
  ])('of %s: %s', async (name, expected) => {
    const directory = await testdir({ '.config/containers/auth.json': auth });
    expect((await identityIn(directory, { env: { HOME: '.' }, name })).name).toBe(expected);
  });

  it('is no entry for the host in a file before another', async () => {
    const directory = await testdir({
      '.docker/config.json': entries({ 'q.io/team': 'docker' }),
      '.config/containers/auth.json': entries({ 'q.io': 'podman', 'q.io/team/app': 'podman' }),
    });
    const ask = (name: string) => identityIn(directory, { env: { HOME: '.' }, name });
    expect((await ask('q.io/team/app')).name).toBe('user "docker" (docker config for q.io/team)');
    expect((await ask('q.io/other')).name).toBe('user "podman" (podman auth.json)');
  });
});

describe('of several keys for one host', () => {
  const HUB = 'https://index.docker.io/v1/';

  it.each<[string, Record<string, string>]>([
    [
      'the first address of Docker Hub counts, not what docker keeps beside it',
      {
        [`${HUB}access-token`]: 'no',
        [HUB]: 'yes',
        [`${HUB}refresh-token`]: 'no',
      },
    ],
    ['the last of two that are alike', { 'docker.io': 'no', 'index.docker.io': 'yes' }],
  ])('%s', async (_what, byKey) => {
    const directory = await testdir({ '.docker/config.json': entries(byKey) });
    const identity = await identityIn(directory, { env: { HOME: '.' }, name: 'docker.io/team/app' });
    expect(identity.name).toBe('user "yes" (docker config)');
  });

  it('one with a credential, not an empty one', async () => {
    const auths = { 'docker.io': { auth: 'dTpw' }, [HUB]: {} };
    const directory = await testdir({ '.docker/config.json': JSON.stringify({ auths }) });
    const identity = await identityIn(directory, { env: { HOME: '.' }, name: 'docker.io/team/app' });
    expect(identity.name).toBe('user "u" (docker config)');
  });
});
