import { describe, expect, it } from 'vitest';
import { withAuth } from '../../../../src/adapters/oci/auth/authenticator.ts';
import { messageOf } from '../../../../src/base/errors.ts';
import type { HttpRequest } from '../../../../src/http/request.ts';
import type { Credential } from '../../../../src/ports/keychain.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { keychainWith, quiet, repositoryAt } from '../client.ts';

const TOKEN = 'ya29.production';
const GOOGLE: Credential = {
  kind: 'access-token',
  current: () => Promise.resolve(TOKEN),
  refuse: () => {},
};

interface Ask {
  readonly origin: string;
  /** The realm of a Bearer challenge. Default: the challenge is Basic. */
  readonly realm?: string;
  readonly trusted?: readonly string[];
}

/** Asks a registry that wants credentials; who was sent the token, by origin, and what the refusal says. */
async function ask({ origin, realm, trusted = [] }: Ask) {
  const told: string[] = [];
  const named: string[] = [];
  const challenge = realm === undefined ? 'Basic realm="x"' : `Bearer realm="${realm}",service="s"`;
  const inner = (request: HttpRequest) => {
    const isToken = request.url.pathname === '/token';
    if (Object.values(request.headers).some(holdsToken)) told.push(request.url.origin);
    const isIn = isToken || request.headers['authorization'] !== undefined;
    const headers: Record<string, string> = isIn ? {} : { 'www-authenticate': challenge };
    const body = Buffer.from('{"token":"t"}');
    return Promise.resolve({ status: isIn ? 200 : 401, headers, url: request.url, body });
  };
  const send = withAuth(inner, {
    keychain: keychainWith(GOOGLE),
    clock: new FakeClock(),
    originOf: () => origin,
    onIdentity: (_host, name) => named.push(name),
    trustedRealms: new Set(trusted),
  });
  const { host } = new URL(origin);
  const repository = repositoryAt({ host }, 'prod/app');
  const url = new URL(`${origin}/v2/prod/app/manifests/v1`);
  const request = {
    method: 'HEAD',
    url,
    host,
    repository,
    headers: {},
    scopes: [],
    signal: quiet(),
  } as const;
  const refusal = await send(request).then(() => undefined, messageOf);
  return { told, named, refusal };
}

function holdsToken(header: string): boolean {
  const [, sent = ''] = header.split(' ');
  return header.includes(TOKEN) || Buffer.from(sent, 'base64').toString().includes(TOKEN);
}

describe("an access token of Google's", () => {
  it.each<[string, Ask]>([
    ['Artifact Registry', { origin: 'https://us-docker.pkg.dev' }],
    ['its older names', { origin: 'https://eu.gcr.io' }],
    ['this machine', { origin: 'http://127.0.0.1:5000' }],
    ['this machine by its name', { origin: 'https://localhost:5000' }],
    ['a host that the user trusts with it', { origin: 'https://r.io', trusted: ['r.io=r.io'] }],
  ])('goes to %s', async (_what, asked) => {
    const { told, refusal } = await ask(asked);
    expect({ told, refusal }).toEqual({ told: [asked.origin], refusal: undefined });
  });

  it('goes to the token service of such a host', async () => {
    const { told } = await ask({ origin: 'http://127.0.0.1:1', realm: 'http://127.0.0.1:2/token' });
    expect(told).toEqual(['http://127.0.0.1:2']);
  });

  it.each(['evil.example', 'gcr.io.evil.example', 'evilpkg.dev', 'gcr.io:8443', '10.0.0.1'])(
    'never goes to %s, and the refusal says how to allow it',
    async (host) => {
      for (const challenge of [{}, { realm: `https://${host}/token` }]) {
        const { told, named, refusal } = await ask({ origin: `https://${host}`, ...challenge });
        expect(told).toEqual([]);
        expect(named).toEqual([]);
        expect(refusal).toBe(
          `${host}: the token of access-token is sent only to Google's registries; ` +
            `allow this host with -trust-realm=${host}=${host}, or remove the service-account from the manifest`,
        );
      }
    },
  );

  it.each<[string, Ask]>([
    ['to a registry', { origin: 'http://r.io', trusted: ['r.io=r.io'] }],
    ['to Google', { origin: 'http://eu.gcr.io' }],
    [
      'to a token service',
      {
        origin: 'http://localhost:1',
        realm: 'http://r.io/token',
        trusted: ['localhost:1=r.io', 'r.io=r.io'],
      },
    ],
    ['to a registry that another was trusted with', { origin: 'http://r.io', trusted: ['r.io=q.io'] }],
  ])('never goes over plain http %s', async (_what, asked) => {
    const { told, refusal } = await ask(asked);
    expect(told).toEqual([]);
    expect(refusal).toContain('is not sent over plain http, even with -plain-http; expected https');
  });
});
