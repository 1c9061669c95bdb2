import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withAuth } from '../../../../src/adapters/oci/auth/authenticator.ts';
import { Tokens } from '../../../../src/adapters/oci/auth/tokens.ts';
import type { HttpRequest } from '../../../../src/http/request.ts';
import { hostOf, pathOf, type Repository } from '../../../../src/image/repository.ts';
import { ANONYMOUS, type Credential, type Identity, type Keychain } from '../../../../src/ports/keychain.ts';
import { blobsOf, image, push } from '../../../builders/images.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  identityOf,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const ALICE = identityOf({ kind: 'basic', username: 'alice', password: 'a' });
const BOB = identityOf({ kind: 'basic', username: 'bob', password: 'b' });
const CONTENT = image({ seed: 'accounts' });
const V1 = tagOf('v1');

/** Identities by the path of a repository. */
function byPath(identities: Readonly<Record<string, Identity>>): Keychain {
  return { identityFor: (repository) => Promise.resolve(identities[pathOf(repository)] ?? ANONYMOUS) };
}

describe('a promotion inside one registry', () => {
  async function setUp() {
    const server = await embeddedForTest({ auth: { kind: 'token', users: { alice: 'a' } } });
    push(server, 'staging/app', CONTENT, 'v1');
    const client = clientForTest({ keychain: keychainWith(ALICE.credential) });
    const tokens = () => server.requests.filter(({ kind }) => kind === 'token').length;
    const [from, to] = [repositoryAt(server, 'staging/app'), repositoryAt(server, 'prod/app')];
    const mountAll = () =>
      Promise.all(
        blobsOf(CONTENT).map(({ digest }) => client.registry.mountBlob(to, { digest, from }, quiet())),
      );
    return { server, ...client, from, to, tokens, mountAll };
  }

  it('asks for two tokens for its destination: to read, and to write and read', async () => {
    const { registry, to, tokens, mountAll, server } = await setUp();
    expect(await registry.resolve(to, V1, quiet())).toBeUndefined();
    expect(tokens()).toBe(1);
    expect(new Set(await mountAll())).toEqual(new Set(['mounted']));
    await registry.putManifest(to, { reference: V1, manifest: CONTENT.manifest }, quiet());
    expect(await registry.resolve(to, V1, quiet())).toBe(CONTENT.manifest.digest);
    await registry.startUpload(to, quiet());
    expect(server.store.resolveTag('prod/app', 'v1')).toBe(CONTENT.manifest.digest);
    expect(tokens()).toBe(2);
  });

  it('never widens the right to its source', async () => {
    const { registry, from, tokens, mountAll, server } = await setUp();
    await mountAll();
    await registry.resolve(from, V1, quiet());
    expect(tokens()).toBe(2);
    const [, forSource] = server.requests.filter(({ kind }) => kind === 'token');
    expect(forSource?.query['scope']).toBe('repository:staging/app:pull');
  });

  it('names who has asked', async () => {
    const { traffic, mountAll, server } = await setUp();
    await mountAll();
    expect(traffic.hosts().get(server.host)?.identities).toEqual(['user "alice"']);
  });
});

describe('an access token that a registry of Google refuses', () => {
  /** A registry that takes the second token, and an identity that makes a new one whenever one is refused. */
  async function ask() {
    let made = 1;
    const sent: (string | undefined)[] = [];
    const refused: string[] = [];
    const credential: Credential = {
      kind: 'access-token',
      current: () => Promise.resolve(`t${made}`),
      refuse: (token) => {
        refused.push(token);
        made += 1;
      },
    };
    const send = withAuth(
      (request) => {
        const authorization = request.headers['authorization'];
        sent.push(authorization);
        const headers = { 'www-authenticate': 'Bearer realm="https://eu.gcr.io/v2/token"' };
        const status = authorization === 'Bearer t2' ? 200 : 401;
        return Promise.resolve({ status, headers, url: request.url, body: new Uint8Array() });
      },
      {
        keychain: keychainWith(credential),
        clock: new FakeClock(),
        originOf: (host) => `https://${host}`,
        onIdentity: () => {},
        trustedRealms: new Set(),
      },
    );
    const host = 'eu.gcr.io';
    const request = {
      method: 'PUT',
      url: new URL('https://eu.gcr.io/v2/prod/app/x'),
      host,
      repository: repositoryAt({ host }, 'prod/app'),
      headers: {},
      scopes: [],
      signal: quiet(),
    } as const;
    const { status } = await send(request);
    return { status, sent, refused };
  }

  it('is replaced, and the request sent again', async () => {
    const { status, sent, refused } = await ask();
    expect({ status, sent, refused }).toEqual({
      status: 200,
      sent: [undefined, 'Bearer t1', 'Bearer t2'],
      refused: ['t1'],
    });
  });
});

describe('two accounts at one host', () => {
  const challenge = (url: string): Step['answer'] => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${url}/token",service="s"` },
  });
  const token = (scopes: readonly string[], { user, gives }: { user: Identity; gives: string }): Step => ({
    request: `GET /token?service=s${scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('')}`,
    check: ({ headers }) => expect(headers.authorization).toBe(basicOf(user)),
    answer: { status: 200, body: { token: gives, expires_in: 300 } },
  });
  const asked = (request: string, bearer: string, status = 404): Step => ({
    request,
    check: ({ headers }) => expect(headers.authorization).toBe(`Bearer ${bearer}`),
    answer: { status },
  });

  it('stay apart, each with its tokens', async () => {
    const digest = CONTENT.manifest.digest;
    const server = await scriptedServer((url) => [
      { request: 'HEAD /v2/a/manifests/v1', answer: challenge(url) },
      token(['repository:a:pull'], { user: ALICE, gives: 'of-alice' }),
      asked('HEAD /v2/a/manifests/v1', 'of-alice'),
      token(['repository:b:pull'], { user: BOB, gives: 'of-bob' }),
      asked('HEAD /v2/b/manifests/v1', 'of-bob'),
      asked('HEAD /v2/a/manifests/v1', 'of-alice'),
      token(['repository:b:pull,push', 'repository:a:pull'], { user: BOB, gives: 'of-bob-2' }),
      asked(`POST /v2/b/blobs/uploads/?mount=${digest}&from=a`, 'of-bob-2', 201),
      asked('HEAD /v2/b/manifests/v1', 'of-bob-2'),
      asked('HEAD /v2/a/manifests/v1', 'of-alice'),
    ]);
    const { registry, traffic } = clientForTest({ keychain: byPath({ a: ALICE, b: BOB }) });
    const [a, b] = [repositoryAt(server, 'a'), repositoryAt(server, 'b')];
    for (const one of [a, b, a]) await registry.resolve(one, V1, quiet());
    await registry.mountBlob(b, { digest, from: a }, quiet());
    for (const one of [b, a]) await registry.resolve(one, V1, quiet());
    expect(traffic.hosts().get(server.host)?.identities).toEqual(['user "alice"', 'user "bob"']);
  });

  it('and one without any stay apart with passwords', async () => {
    const head = (name: string, authorization: string | undefined): Step => ({
      request: `HEAD /v2/${name}/manifests/v1`,
      check: ({ headers }) => expect(headers.authorization).toBe(authorization),
      answer: { status: 404 },
    });
    const server = await scriptedServer([
      { request: /HEAD/, answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
      head('a', basicOf(ALICE)),
      head('b', basicOf(BOB)),
      head('c', undefined),
    ]);
    const { registry, traffic } = clientForTest({ keychain: byPath({ a: ALICE, b: BOB }) });
    for (const name of ['a', 'b', 'c']) await registry.resolve(repositoryAt(server, name), V1, quiet());
    expect(traffic.hosts().get(server.host)?.identities).toEqual(['anonymous', 'user "alice"', 'user "bob"']);
  });

  it('stay apart when everything happens at once', async () => {
    const owners: Record<string, Identity> = Object.fromEntries(
      Array.from({ length: 12 }, (_, number) => [`app${number}`, number % 2 === 0 ? ALICE : BOB]),
    );
    const { host, wrong, issued } = await strictServer(owners);
    const { registry } = clientForTest({ keychain: byPath(owners) });
    const names = Object.keys(owners);
    await Promise.all(
      Array.from({ length: 120 }, (_, number) =>
        registry.resolve(repositoryAt({ host }, names[number % names.length] ?? ''), V1, quiet()),
      ),
    );
    expect(wrong).toEqual([]);
    expect(issued()).toBe(names.length);
  });

  it('never share a token, though they ask for the same', async () => {
    const sent: HttpRequest[] = [];
    const tokens = new Tokens(
      (request) => {
        sent.push(request);
        const body = Buffer.from(JSON.stringify({ token: `token-${sent.length}` }));
        return Promise.resolve({ status: 200, headers: {}, url: request.url, body });
      },
      { clock: new FakeClock(), trustedRealms: new Set() },
    );
    const repository: Repository = repositoryAt({ host: 'r.example.com' }, 'app');
    const get = (identity: Identity) =>
      tokens.get({
        challenge: { scheme: 'bearer', realm: 'https://r.example.com/token', service: 's' },
        origin: 'https://r.example.com',
        host: hostOf(repository),
        scopes: ['repository:app:pull'],
        method: 'HEAD',
        signal: quiet(),
        identity,
        repository,
      });
    const answers = await Promise.all([get(ALICE), get(BOB), get(ANONYMOUS), get(ALICE), get(BOB)]);
    expect(answers).toEqual(['token-1', 'token-2', 'token-3', 'token-1', 'token-2']);
    expect(sent.map(({ headers }) => headers['authorization'])).toEqual([
      basicOf(ALICE),
      basicOf(BOB),
      undefined,
    ]);
  });
});

describe('a token service that gives no token for a mount', () => {
  const REFUSED = { status: 403, body: { errors: [{ code: 'DENIED', message: 'not yours' }] } };

  it('does not keep its destination from being written', async () => {
    const pushScope = 'scope=repository%3Aprod%2Fapp%3Apull%2Cpush';
    const mountScopes = `${pushScope}&scope=repository%3Astaging%2Fapp%3Apull`;
    const server = await scriptedServer((url) => [
      {
        request: /^POST .*mount=/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: `GET /token?${mountScopes}`, answer: REFUSED },
      { request: `GET /token?${pushScope}`, answer: { status: 200, body: { token: 't' } } },
      { request: 'POST /v2/prod/app/blobs/uploads/', answer: { status: 202, headers: { location: '/up' } } },
      { request: 'HEAD /v2/prod/app/manifests/v1', answer: { status: 404 } },
      { request: `GET /token?${mountScopes}`, answer: REFUSED },
      { request: 'HEAD /v2/prod/app/manifests/v1', answer: { status: 404 } },
    ]);
    const { registry } = clientForTest();
    const [from, to] = [repositoryAt(server, 'staging/app'), repositoryAt(server, 'prod/app')];
    const mount = () =>
      registryErrorOf(registry.mountBlob(to, { digest: CONTENT.manifest.digest, from }, quiet()));
    expect(await mount()).toMatchObject({ code: 'unauthorized', status: 403 });
    await registry.startUpload(to, quiet());
    await registry.resolve(to, V1, quiet());
    expect(await mount()).toMatchObject({ code: 'unauthorized', status: 403 });
    await registry.resolve(to, V1, quiet());
  });
});

function basicOf({ credential }: Identity): string {
  if (credential.kind !== 'basic') throw new Error(`no password in ${credential.kind}`);
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

/** A registry without content that lets nobody but its owner ask for a repository, and notes who has tried. */
async function strictServer(owners: Readonly<Record<string, Identity>>) {
  const wrong: string[] = [];
  const tokens = new Map<string, string>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://r');
    const authorization = request.headers.authorization ?? '';
    if (pathname === '/token') {
      const name = /^repository:(.*):pull$/.exec(searchParams.get('scope') ?? '')?.[1] ?? '';
      const owner = owners[name];
      if (owner === undefined || authorization !== basicOf(owner)) wrong.push(`token ${name}`);
      const token = `token-${tokens.size}`;
      tokens.set(token, name);
      response.end(JSON.stringify({ token, expires_in: 300 }));
      return;
    }
    const name = /^\/v2\/(.*)\/manifests\//.exec(pathname)?.[1];
    const bearer = authorization.replace('Bearer ', '');
    if (bearer !== '' && tokens.get(bearer) !== name)
      wrong.push(`${name} with that of ${tokens.get(bearer)}`);
    const realm = `Bearer realm="http://${request.headers.host}/token"`;
    response.writeHead(bearer === '' ? 401 : 404, bearer === '' ? { 'www-authenticate': realm } : {}).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { host: `127.0.0.1:${address.port}`, wrong, issued: () => tokens.size };
}
