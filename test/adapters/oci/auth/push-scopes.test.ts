import { describe, expect, it } from 'vitest';
import type { AuthOptions } from '../../../../src/embedded-registry/auth/auth-options.ts';
import type { EmbeddedRegistry } from '../../../../src/embedded-registry/embedded-registry.ts';
import type { Credential } from '../../../../src/ports/keychain.ts';
import type { WriteRegistry } from '../../../../src/ports/registry.ts';
import { image, push } from '../../../builders/images.ts';
import { uploadBlob } from '../../../system/contract/push-through-port.ts';
import { type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const ROBOT: Credential = { kind: 'basic', username: 'robot', password: 'secret' };
const USERS = { robot: 'secret' };
const CONTENT = image({ seed: 'push scopes' });
const V1 = tagOf('v1');
const PULL = 'repository:app:pull';
const PUSH = 'repository:app:pull,push';

type TokenAuth = Extract<AuthOptions, { kind: 'token' }>;

async function setUp(auth: Partial<TokenAuth> = {}, credential: Credential = ROBOT) {
  const server = await embeddedForTest({ auth: { kind: 'token', users: USERS, ...auth } });
  const client = clientForTest({ keychain: keychainWith(credential) });
  const look = (registry: WriteRegistry, name = 'app') =>
    registry.resolve(repositoryAt(server, name), V1, quiet());
  return { server, client, look };
}

function scopesAsked({ requests }: EmbeddedRegistry): (string | undefined)[] {
  return requests.filter(({ kind }) => kind === 'token').map(({ query }) => query['scope']);
}

function linesOf({ requests }: EmbeddedRegistry): string[] {
  return requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
}

const HEAD = 'HEAD /v2/app/manifests/v1';

describe.each(['nothing', 'refused'] as const)(
  'a repository that is not there, where to pull from it gives %s',
  (pullOfMissing) => {
    it('is read with the right to push by who will write to it', async () => {
      const { server, client, look } = await setUp({ pullOfMissing });
      expect(await look(client.destination)).toBeUndefined();
      expect(scopesAsked(server)).toEqual([PULL, PUSH]);
      expect(linesOf(server).at(-1)).toBe(`${HEAD} 404`);
    });

    it('is read behind a gateway that has other names for it', async () => {
      const scopeName = (name: string) => `tenant/${name}`;
      const { server, client, look } = await setUp({ pullOfMissing, scopeName });
      expect(await look(client.destination)).toBeUndefined();
      expect(scopesAsked(server)).toEqual([PULL, PUSH].map((scope) => scope.replace('app', 'tenant/app')));
    });

    it('is read on and written to with the one token', async () => {
      const { server, client, look } = await setUp({ pullOfMissing });
      await Promise.all(Array.from({ length: 20 }, () => look(client.destination)));
      await client.destination.list(repositoryAt(server, 'app'), quiet());
      for (const blob of CONTENT.blobs) {
        await uploadBlob(client.destination, repositoryAt(server, 'app'), { blob });
      }
      expect(new Set(scopesAsked(server))).toEqual(new Set([PULL, PUSH]));
      expect(scopesAsked(server).filter((scope) => scope === PUSH)).toHaveLength(1);
    });

    it('is refused to who only looks, and nothing is created', async () => {
      const { server, client, look } = await setUp({ pullOfMissing });
      const error = await registryErrorOf(look(client.registry));
      expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
      expect(scopesAsked(server).length).toBeGreaterThan(0);
      expect(scopesAsked(server).filter((scope) => scope !== PULL)).toEqual([]);
    });

    it('costs a source nothing, though it is asked by the same client', async () => {
      const { server, client, look } = await setUp({ pullOfMissing });
      push(server, 'staging', CONTENT, 'v1');
      await look(client.destination);
      expect(await look(client.registry, 'staging')).toBe(CONTENT.manifest.digest);
      await registryErrorOf(look(client.registry, 'gone'));
      expect(scopesAsked(server).filter((scope) => scope?.endsWith('push'))).toEqual([PUSH]);
    });
  },
);

describe('a repository that may be pulled from', () => {
  it('is never asked for with the right to push before something is written', async () => {
    const { server, client, look } = await setUp({ pullOfMissing: 'nothing' });
    push(server, 'app', CONTENT, 'v1');
    for (let round = 0; round < 3; round++) await look(client.destination);
    expect(scopesAsked(server)).toEqual([PULL]);
    expect(server.requests).toHaveLength(5); // without a token, for the token, and three with it
  });
});

describe('a read of a destination', () => {
  const challenge = (url: string) => `Bearer realm="${url}/token",service="s",scope="${PULL}"`;
  const refused = (url: string, status: number): Step => ({
    request: HEAD,
    answer: { status, headers: status === 401 ? { 'www-authenticate': challenge(url) } : {} },
  });
  const token = (scope: string, status = 200): Step => ({
    request: `GET /token?service=s&scope=${encodeURIComponent(scope)}`,
    answer: status === 200 ? { status, body: { token: scope.length.toString() } } : { status },
  });

  async function ask(script: (url: string) => Step[], times = 1) {
    const server = await scriptedServer(script);
    const { destination } = clientForTest({ keychain: keychainWith(ROBOT) });
    const look = () => destination.resolve(repositoryAt(server, 'app'), V1, quiet());
    for (let round = 1; round < times; round++) await registryErrorOf(look());
    return { server, last: await look().catch((error: unknown) => error) };
  }

  it('that is answered 403 asks for more once', async () => {
    const { last } = await ask((url) => [
      refused(url, 401),
      token(PULL),
      refused(url, 403),
      token(PUSH),
      { request: HEAD, answer: { status: 404 } },
    ]);
    expect(last).toBeUndefined();
  });

  it('that is refused with all rights says so, and the next one asks no more', async () => {
    const { last } = await ask(
      (url) => [
        refused(url, 401),
        token(PULL),
        refused(url, 403),
        token(PUSH),
        refused(url, 403),
        {
          request: /^GET .*v1$/,
          answer: { status: 403, body: { errors: [{ code: 'DENIED', message: 'no' }] } },
        },
        refused(url, 403),
      ],
      2,
    );
    expect(String(last)).toContain(
      `403: DENIED: no (identity user "robot" needs the right to pull and push for`,
    );
  });

  it('whose token service refuses to let it push asks for that once', async () => {
    const { last } = await ask(
      (url) => [
        refused(url, 401),
        token(PULL),
        refused(url, 403),
        token(PUSH, 403),
        refused(url, 403), // with the token that it has
        { request: /^GET .*v1$/, answer: { status: 403 } },
        refused(url, 403),
      ],
      2,
    );
    expect(String(last)).toContain('403: no reason given');
  });

  it('with a password has no scope to widen', async () => {
    const basic = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    await ask(() => [
      { request: HEAD, answer: basic },
      { request: HEAD, answer: { status: 403 } },
      { request: /^GET/, answer: { status: 403 } },
    ]);
  });
});

describe('a token that is refused in vain', () => {
  it('is not asked for again and again', async () => {
    const { server, client, look } = await setUp({ pullOfMissing: 'nothing' });
    for (let round = 0; round < 10; round++) await registryErrorOf(look(client.registry));
    // without a token, two tokens and a HEAD with each, a GET for the reason; then a HEAD each
    expect(server.requests).toHaveLength(6 + 9);
  });

  it('is asked for again by all that find it refused at once, once it was good for something', async () => {
    const { server, client, look } = await setUp();
    push(server, 'app', CONTENT, 'v1');
    await look(client.registry);
    const headers = { 'WWW-Authenticate': `Bearer realm="${server.url}/token",service="${server.host}"` };
    server.addFault({ kind: 'manifest-head', act: { kind: 'status', status: 401, headers }, times: 20 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => look(client.registry)));
    expect(new Set(answers)).toEqual(new Set([CONTENT.manifest.digest]));
  });
});
