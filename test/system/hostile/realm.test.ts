import { describe, expect, it } from 'vitest';
import { withAuth } from '../../../src/adapters/oci/auth/authenticator.ts';
import { messageOf } from '../../../src/base/errors.ts';
import type { HttpRequest } from '../../../src/http/request.ts';
import { ANONYMOUS, type Credential } from '../../../src/ports/keychain.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import {
  clientForTest,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../../adapters/oci/client.ts';
import { image } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { runCip } from '../../doubles/run-cip.ts';
import {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  scriptedServer,
} from '../../doubles/scripted-server.ts';
import { manifestFlag } from '../staging.ts';

const PASSWORD: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const BASIC = `Basic ${Buffer.from('alice:pw').toString('base64')}`;
const REFRESH: Credential = { kind: 'identity-token', token: 'refresh-me' };

function challenge(realm: string): ScriptedAnswer {
  return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } };
}

/** The same port under another name: to a browser, and to us, another host. */
function otherName({ host }: ScriptedServer): string {
  return host.replace('127.0.0.1', 'localhost');
}

describe('a realm on another host (GHSA-xf85-363p-868w, GHSA-28r5-37g7-p6mp, GHSA-3p65-76g6-3w7r, GHSA-x2f5-332j-9xwq)', () => {
  it.each([
    ['a password', PASSWORD],
    ['a refresh token', REFRESH],
  ])('gets nothing, not even a question: %s', async (_what, credential) => {
    const thief = await scriptedServer([]);
    const server = await scriptedServer([
      { request: /^HEAD/, answer: challenge(`http://${otherName(thief)}/token`) },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(credential) });
    const error = await registryErrorOf(registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()));
    expect(error).toMatchObject({ code: 'unauthorized', temporary: false });
    expect(error.message).toContain(`-trust-realm=${server.host}=${otherName(thief)}`);
    expect(thief.connections).toBe(0);
  });

  it.each([
    ['a password', PASSWORD, 'GET', BASIC, ''],
    ['a refresh token', REFRESH, 'POST', undefined, 'refresh_token=refresh-me'],
  ])('gets %s where the user allows it', async (_what, credential, method, authorization, form) => {
    const tokens = await scriptedServer([
      {
        request: new RegExp(`^${method} /token`),
        check: ({ headers, body }) => {
          expect(headers.authorization).toBe(authorization);
          expect(body.toString()).toContain(form);
        },
        answer: { status: 200, body: { token: 'granted' } },
      },
    ]);
    const server = await scriptedServer([
      { request: /^HEAD/, answer: challenge(`http://${otherName(tokens)}/token`) },
      {
        request: /^HEAD/,
        check: ({ headers }) => expect(headers.authorization).toBe('Bearer granted'),
        answer: { status: 404 },
      },
    ]);
    const trustedRealms = new Set([`${server.host}=${otherName(tokens)}`]);
    const { registry } = clientForTest({ keychain: keychainWith(credential), trustedRealms });
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  });

  it('that was allowed for one registry is not for another, and not on another port', async () => {
    const thief = await scriptedServer([]);
    const server = await scriptedServer([
      { request: /^HEAD/, answer: challenge(`http://${otherName(thief)}/token`) },
    ]);
    const trustedRealms = new Set([
      `127.0.0.1:1=${otherName(thief)}`,
      `${server.host}=localhost`,
      `${server.host}=localhost:1`,
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(PASSWORD), trustedRealms });
    const asked = registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(asked)).code).toBe('unauthorized');
    expect(thief.connections).toBe(0);
  });

  it('that redirects elsewhere takes no credentials along', async () => {
    const thief = await scriptedServer([
      {
        request: /^GET/,
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200, body: { token: 'stolen' } },
      },
    ]);
    const server = await scriptedServer((url) => [
      { request: /^HEAD/, answer: challenge(`${url}/token`) },
      { request: /^GET \/token/, answer: { status: 307, headers: { location: `${thief.url}/token` } } },
      { request: /^HEAD/, answer: { status: 404 } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(PASSWORD) });
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  });

  it('that redirects a refresh token is not followed', async () => {
    const thief = await scriptedServer([]);
    const server = await scriptedServer((url) => [
      { request: /^HEAD/, answer: challenge(`${url}/token`) },
      { request: /^POST \/token/, answer: { status: 307, headers: { location: `${thief.url}/token` } } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(REFRESH) });
    await registryErrorOf(registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()));
    expect(thief.connections).toBe(0);
  });
});

describe('a realm with less than the registry has (CVE-2019-10214)', () => {
  /** The requests of a client that asks an https registry with such a realm. */
  async function ask(realm: string, credential: Credential) {
    const seen: HttpRequest[] = [];
    const send = withAuth(
      (request) => {
        seen.push(request);
        const headers = { 'www-authenticate': `Bearer realm="${realm}"` };
        return Promise.resolve({ status: 401, headers, url: request.url, body: new Uint8Array() });
      },
      {
        keychain: keychainWith(credential),
        clock: new FakeClock(),
        originOf: (host) => `https://${host}`,
        onIdentity: () => {},
        trustedRealms: new Set(['r.example.com=r.example.com', 'r.example.com=other.org']),
      },
    );
    const url = new URL('https://r.example.com/v2/');
    const host = 'r.example.com';
    const repository = repositoryAt({ host }, 'app');
    const request = {
      method: 'GET',
      url,
      host,
      repository,
      headers: {},
      scopes: [],
      signal: quiet(),
    } as const;
    const error = await send(request).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { seen, error };
  }

  it.each(['http://r.example.com/token', 'http://auth.example.com/token', 'http://other.org/token'])(
    'gets no credentials, whatever is allowed: %s',
    async (realm) => {
      for (const credential of [PASSWORD, REFRESH]) {
        const { seen, error } = await ask(realm, credential);
        expect(error).toBeInstanceOf(RegistryError);
        expect(messageOf(error)).toContain('is plain http and the registry is not, so the credentials for');
        expect(messageOf(error)).not.toContain('-trust-realm'); // which would not help
        expect(seen.map(({ url }) => url.href)).toEqual(['https://r.example.com/v2/']);
      }
    },
  );

  it.each(['ftp://r.example.com/', 'file:///etc/passwd', 'javascript:1', 'data:,x', 'token', '//x', ''])(
    'that is no web address is never opened: %j',
    async (realm) => {
      const { seen, error } = await ask(realm, PASSWORD);
      expect(error).toBeInstanceOf(RegistryError);
      expect(seen).toHaveLength(1);
    },
  );

  it('is never asked with a user name that it brings along', async () => {
    const server = await scriptedServer((url) => [
      { request: /^HEAD/, answer: challenge(`${url.replace('//', '//mallory:secret@')}/token`) },
      {
        request: /^GET \/token/,
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 403, body: 'no' },
      },
    ]);
    const { registry } = clientForTest({ keychain: { identityFor: () => Promise.resolve(ANONYMOUS) } });
    const error = await registryErrorOf(registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()));
    expect(error.message).not.toContain('mallory');
    expect(error.message).not.toContain('secret');
  });
});

describe('a whole run against a registry whose realm is elsewhere', () => {
  const { digest } = image({ seed: 'realm' }).manifest;

  async function stage(steps: Parameters<typeof scriptedServer>[0]) {
    const server = await scriptedServer(steps);
    const auth = Buffer.from('alice:pw').toString('base64');
    const config = JSON.stringify({ auths: { [server.host]: { auth } } });
    const DOCKER_CONFIG = await testdir({ 'config.json': config });
    const to = [`${server.host}/prod`];
    const flag = await manifestFlag({
      from: `${server.host}/from`,
      to,
      images: { app: { [digest]: ['v1'] } },
    });
    return { server, flag, env: { DOCKER_CONFIG } };
  }

  it('ends with the option that would allow it', async () => {
    const thief = await scriptedServer([]);
    const answer = challenge(`http://${otherName(thief)}/token`);
    const { server, flag, env } = await stage([{ request: /^HEAD/, answer }]);
    const { status, stderr } = await runCip([flag, '-confirm'], { env });
    expect(status).toBe(1);
    expect(stderr).toContain(
      `the credentials for ${server.host} are not sent there; ` +
        `if that is right, allow it with -trust-realm=${server.host}=${otherName(thief)}`,
    );
    expect(thief.connections).toBe(0);
  });

  it('sends them with the option', async () => {
    const tokens = await scriptedServer([
      {
        request: /^GET \/token/,
        check: ({ headers }) => expect(headers.authorization).toBe(BASIC),
        answer: { status: 200, body: { token: 'granted' } },
      },
    ]);
    const answer = challenge(`http://${otherName(tokens)}/token`);
    const check = ({ headers }: ScriptedRequest) => expect(headers.authorization).toBe('Bearer granted');
    const { server, flag, env } = await stage([
      { request: /^HEAD/, answer },
      { request: /^HEAD/, check, answer: { status: 200, headers: { 'docker-content-digest': digest } } },
    ]);
    const { status } = await runCip([flag, `-trust-realm=${server.host}=${otherName(tokens)}`], { env });
    expect(status).toBe(0);
  });
});
