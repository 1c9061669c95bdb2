import { describe, expect, it } from 'vitest';
import { withAuth } from '../../../src/adapters/oci/auth/authenticator.ts';
import type { HttpRequest } from '../../../src/http/request.ts';
import type { Credential } from '../../../src/ports/keychain.ts';
import { keychainWith, quiet, repositoryAt } from '../../adapters/oci/client.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';

// A registry writes its challenges itself. One that shares a token service with others could name a repository of
// theirs, have us ask for a token with the user's rights there, and get it sent.

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const HOST = 'mallory.example.com';

interface Attack {
  readonly realm: string;
  readonly scope: string;
  readonly credential?: Credential;
  readonly trusted?: readonly string[];
  readonly changes?: Partial<HttpRequest>;
}

/** What a client sends that asks a registry which refuses everything with this challenge. */
async function ask({ realm, scope, credential = ALICE, trusted = [], changes = {} }: Attack) {
  const sent: HttpRequest[] = [];
  const send = withAuth(
    (request) => {
      sent.push(request);
      const isToken = request.url.pathname === '/token';
      const headers = { 'www-authenticate': `Bearer realm="${realm}",service="victim",scope="${scope}"` };
      return Promise.resolve({
        status: isToken ? 200 : 401,
        headers: isToken ? {} : headers,
        url: request.url,
        body: Buffer.from(isToken ? '{"token":"t0k"}' : ''),
      });
    },
    {
      keychain: keychainWith(credential),
      clock: new FakeClock(),
      originOf: (host) => `https://${host}`,
      onIdentity: () => {},
      trustedRealms: new Set(trusted),
    },
  );
  const response = await send({
    method: 'HEAD',
    url: new URL(`https://${HOST}/v2/team/app/manifests/v1`),
    host: HOST,
    repository: repositoryAt({ host: HOST }, 'team/app'),
    headers: {},
    scopes: ['repository:team/app:pull'],
    signal: quiet(),
    ...changes,
  });
  const tokens = sent.filter(({ url }) => url.pathname === '/token');
  const scopes = Array.from(new Set(tokens.flatMap(({ url }) => url.searchParams.getAll('scope'))));
  const bearers = sent.filter(({ headers }) => headers['authorization']?.startsWith('Bearer'));
  return {
    scopes,
    hint: response.hint ?? '',
    bearerHosts: new Set(bearers.map(({ url }) => url.host)),
    sent,
  };
}

const SHARED = 'https://auth.example.com/token';
const OWN = `https://${HOST}/token`;

describe('a token service that several registries may share', () => {
  it.each([
    'repository:victim/app:pull',
    'repository:victim/team/app:pull,push',
    'repository:victim/app:pull repository:team/app:pull',
    'repository:team/app:pull repository:victim/app:pull',
    '*',
    'aws',
  ])('is asked for nothing of others, whatever the challenge wants: %s', async (scope) => {
    const { scopes, hint } = await ask({ realm: SHARED, scope });
    expect(scopes).toEqual(['repository:team/app:pull']);
    expect(hint).toContain(`allow it with -trust-realm=${HOST}=auth.example.com`);
  });

  it('is asked for what the user trusts it with', async () => {
    const trusted = [`${HOST}=auth.example.com`];
    const { scopes } = await ask({ realm: SHARED, scope: 'repository:tenant/team/app:pull', trusted });
    expect(scopes).toEqual(['repository:tenant/team/app:pull']);
  });

  it('may be asked for anything by nobody', async () => {
    const attack = {
      realm: SHARED,
      scope: 'repository:victim/app:pull',
      credential: { kind: 'anonymous' },
    } as const;
    expect((await ask(attack)).scopes).toEqual(['repository:victim/app:pull']);
  });

  it('is never told of a challenge that has no end', async () => {
    const { sent } = await ask({ realm: SHARED, scope: 'repository:team/app:pull' });
    expect(sent.length).toBeLessThan(10);
  });
});

describe('a token service of the registry alone', () => {
  it.each([
    'repository:team/app:pull,push',
    'repository:team/app:*',
    'repository:team/app:push',
    'repository:team/app:delete,pull',
  ])('is asked to read and no more by who reads, whatever the challenge wants: %s', async (scope) => {
    expect((await ask({ realm: OWN, scope })).scopes).toEqual(['repository:team/app:pull']);
  });

  it('is asked to delete by nobody', async () => {
    const changes = { method: 'PUT', scopes: ['repository:team/app:pull,push'] } as const;
    const { scopes } = await ask({ realm: OWN, scope: 'repository:team/app:delete,pull,push', changes });
    expect(scopes).toEqual(['repository:team/app:pull,push']);
  });

  it('gives tokens that go to the host which asked for them and to no other', async () => {
    const { scopes, bearerHosts } = await ask({ realm: OWN, scope: 'repository:else:pull' });
    expect(scopes).toEqual(['repository:else:pull']);
    expect(bearerHosts).toEqual(new Set([HOST]));
  });
});

it('a registry whose every challenge is another one is given up soon', async () => {
  let number = 0;
  const sent: HttpRequest[] = [];
  const send = withAuth(
    (request) => {
      sent.push(request);
      number += 1;
      const isToken = request.url.pathname === '/token';
      const challenge = `Bearer realm="https://${HOST}/token?n=${number}",service="s",scope="repository:x${number}:pull"`;
      return Promise.resolve({
        status: isToken ? 200 : 401,
        headers: isToken ? {} : { 'www-authenticate': challenge },
        url: request.url,
        body: Buffer.from(isToken ? '{"token":"t0k"}' : ''),
      });
    },
    {
      keychain: keychainWith(ALICE),
      clock: new FakeClock(),
      originOf: (host) => `https://${host}`,
      onIdentity: () => {},
      trustedRealms: new Set(),
    },
  );
  const url = new URL(`https://${HOST}/v2/app/manifests/v1`);
  const repository = repositoryAt({ host: HOST }, 'app');
  const scopes = ['repository:app:pull'];
  const response = await send({
    method: 'HEAD',
    url,
    host: HOST,
    repository,
    headers: {},
    scopes,
    signal: quiet(),
  });
  expect(response.status).toBe(401);
  expect(sent.length).toBeLessThan(10);
});
