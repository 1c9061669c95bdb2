import { describe, expect, it } from 'vitest';
import { withAuth } from '../../../../src/adapters/oci/auth/authenticator.ts';
import type { AuthOptions } from '../../../../src/embedded-registry/auth/auth-options.ts';
import type { Credential } from '../../../../src/ports/keychain.ts';
import { image, layer, push } from '../../../builders/images.ts';
import { uploadBlob } from '../../../system/contract/push-through-port.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import {
  type Script,
  type ScriptedAnswer,
  type Step,
  scriptedServer,
} from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'secret' };
const CONTENT = image({ seed: 'tokens' });

async function setUp(auth: Partial<Extract<AuthOptions, { kind: 'token' }>> = {}, credential = ALICE) {
  const clock = new FakeClock();
  let ahead = 0;
  const server = await embeddedForTest({
    auth: { kind: 'token', users: { alice: 'secret' }, refreshTokens: { refresh: 'alice' }, ...auth },
    now: () => clock.wallTime() + ahead,
  });
  const skew = (milliseconds: number) => {
    ahead += milliseconds;
  };
  push(server, 'app', CONTENT, 'v1');
  push(server, 'other', CONTENT, 'v1');
  const client = clientForTest({ clock, keychain: keychainWith(credential) });
  const tokens = () => server.requests.filter(({ kind }) => kind === 'token');
  const refused = () => server.requests.filter(({ status, kind }) => status === 401 && kind !== 'token');
  const resolve = (name = 'app') => client.registry.resolve(repositoryAt(server, name), tagOf('v1'), quiet());
  return { clock, skew, server, client, tokens, refused, resolve };
}

describe('a token', () => {
  it('is asked for once, however many wait for it', async () => {
    const { tokens, refused, resolve } = await setUp();
    const answers = await Promise.all(Array.from({ length: 50 }, () => resolve()));
    expect(new Set(answers)).toEqual(new Set([CONTENT.manifest.digest]));
    expect(tokens()).toHaveLength(1);
    expect(refused()).toHaveLength(1);
  });

  it('is asked for once for each repository and right', async () => {
    const { server, client, tokens, resolve } = await setUp();
    for (let round = 0; round < 3; round++) {
      await resolve('app');
      await resolve('other');
      await uploadBlob(client.registry, repositoryAt(server, 'app'), { blob: layer('right') });
    }
    expect(tokens().map(({ query }) => query['scope'])).toEqual([
      'repository:app:pull',
      'repository:other:pull',
      'repository:app:pull,push',
    ]);
  });

  it('is replaced shortly before it ends, once, whoever notices', async () => {
    const { clock, tokens, refused, resolve } = await setUp({ ttlSeconds: 60 });
    await resolve();
    clock.advance(49_000);
    await resolve();
    expect(tokens()).toHaveLength(1);
    clock.advance(2000);
    await Promise.all(Array.from({ length: 20 }, () => resolve()));
    expect(tokens()).toHaveLength(2);
    clock.advance(10 * 60_000);
    await Promise.all(Array.from({ length: 20 }, () => resolve()));
    expect(tokens()).toHaveLength(3);
    expect(refused()).toHaveLength(1);
  });

  it('that ends is replaced before a body that can be sent only once', async () => {
    const { clock, server, client, refused } = await setUp({ ttlSeconds: 60 });
    const repository = repositoryAt(server, 'app');
    const blob = layer('once');
    const session = await client.registry.startUpload(repository, quiet());
    clock.advance(60_000);
    const upload = {
      session,
      blob: { ...blob, size: blob.bytes.length },
      open: () => Promise.resolve(blob.bytes),
    };
    await client.registry.finishUpload(upload, quiet());
    expect(refused()).toHaveLength(1);
  });

  it('that lives for seconds only is still used', async () => {
    const { tokens, refused, resolve } = await setUp({ ttlSeconds: 2 });
    for (let round = 0; round < 3; round++) await resolve();
    expect(tokens()).toHaveLength(1);
    expect(refused()).toHaveLength(1);
  });

  it('that is refused in the middle is replaced once', async () => {
    const { server, tokens, resolve } = await setUp();
    await resolve();
    const act = {
      kind: 'status',
      status: 401,
      headers: { 'WWW-Authenticate': `Bearer realm="${server.url}/token",service="${server.host}"` },
    } as const;
    server.addFault({ kind: 'manifest-head', act });
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(tokens()).toHaveLength(2);
    server.addFault({ path: /manifests/, act, times: Infinity });
    expect((await registryErrorOf(resolve())).code).toBe('unauthorized');
    expect(tokens()).toHaveLength(3); // one more for the HEAD, and none for the GET that asks for the reason
  });

  it('that many find refused is replaced once', async () => {
    const { skew, tokens, resolve } = await setUp();
    await resolve();
    expect(tokens()).toHaveLength(1);
    skew(10 * 60_000); // by the clock of the server it has ended
    await Promise.all(Array.from({ length: 20 }, () => resolve()));
    expect(tokens()).toHaveLength(2);
  });

  it('is got by the form of a refresh token', async () => {
    const { server, tokens, resolve } = await setUp({}, { kind: 'identity-token', token: 'refresh' });
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(tokens()).toMatchObject([{ method: 'POST', query: {}, authorization: undefined }]);
    expect(server.requests).toHaveLength(3);
  });

  it.each([404, 405])('is got by a refresh token as a password where forms get %i', async (status) => {
    const authorization = `Basic ${Buffer.from('<token>:refresh').toString('base64')}`;
    const server = await scriptedServer((url) => [
      {
        request: /^HEAD/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token",service="s"` } },
      },
      { request: 'POST /token', answer: { status } },
      {
        request: 'GET /token?service=s&scope=repository%3Aapp%3Apull',
        check: ({ headers }) => expect(headers.authorization).toBe(authorization),
        answer: { status: 200, body: { token: 't' } },
      },
      {
        request: /^HEAD/,
        check: ({ headers }) => expect(headers.authorization).toBe('Bearer t'),
        answer: { status: 404 },
      },
    ]);
    const { registry } = clientForTest({
      keychain: keychainWith({ kind: 'identity-token', token: 'refresh' }),
    });
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  });

  it('is asked for four times where no answer comes, and once by the next request', async () => {
    const silent: Step = { request: /^GET \/token/, answer: { raw: '', ending: 'reset' } };
    const server = await scriptedServer((url) => [
      {
        request: /^HEAD/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      silent,
      silent,
      silent,
      silent,
      silent,
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    for (let round = 0; round < 2; round++) {
      const asked = registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
      expect(await registryErrorOf(asked)).toMatchObject({ code: 'unreachable', temporary: false });
    }
  });

  it('has thirty seconds to come', async () => {
    const limits: (number | undefined)[] = [];
    const headers = { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"' };
    const send = withAuth(
      ({ url, totalLimit }) => {
        limits.push(totalLimit);
        const status = limits.length === 1 ? 401 : 200;
        return Promise.resolve({ status, headers, url, body: Buffer.from('{"token":"t"}') });
      },
      {
        keychain: keychainWith(ALICE),
        clock: new FakeClock(),
        originOf: () => 'http://127.0.0.1:1',
        onIdentity: () => {},
        trustedRealms: new Set(),
      },
    );
    const host = '127.0.0.1:1';
    const url = new URL(`http://${host}/v2/`);
    const repository = repositoryAt({ host }, 'app');
    await send({ method: 'GET', url, host, repository, headers: {}, scopes: [], signal: quiet() });
    expect(limits).toEqual([undefined, 30_000, undefined]);
  });

  it('for pulling is got without credentials', async () => {
    const { resolve, tokens } = await setUp({ anonymousPull: true }, { kind: 'anonymous' });
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(tokens()).toMatchObject([{ authorization: undefined }]);
  });

  it('that cannot be had is told in the words of its service, and asked for again later', async () => {
    const { server, tokens, resolve } = await setUp();
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no such account' }] });
    server.addFault({ kind: 'token', act: { kind: 'status', status: 401, body } });
    const error = await registryErrorOf(resolve());
    expect(error).toMatchObject({ code: 'unauthorized', status: 401, temporary: false });
    expect(error.message).toMatch(
      /^GET http:\S+\/token\?service=\S+ 401: DENIED: no such account \(identity user "alice": these credentials were rejected, log in again: docker login 127\.0\.0\.1:\d+\)$/,
    );
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(tokens()).toHaveLength(2);
  });

  it('is asked for again while its service is unavailable', async () => {
    const { server, tokens, resolve } = await setUp();
    server.addFault({ kind: 'token', act: { kind: 'status', status: 503 }, times: 2 });
    server.addFault({ kind: 'token', act: { kind: 'reset' } });
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(tokens()).toHaveLength(4);
  });
});

describe('the answer of a token service', () => {
  const HEAD = 'HEAD /v2/app/manifests/v1';
  const TOKEN = 'GET /token?scope=repository%3Aapp%3Apull';

  function script(answer: ScriptedAnswer, ...more: Step[]): Script {
    return (url) => [
      {
        request: HEAD,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: TOKEN, answer },
      ...more,
    ];
  }

  /** One that is no document at all is asked for again: it may have been damaged on its way. */
  function bad(body: string): Script {
    const answer = { status: 200, body };
    const isDocument = body.startsWith('{');
    return script(answer, ...Array.from({ length: isDocument ? 0 : 3 }, () => ({ request: TOKEN, answer })));
  }

  function allowed(authorization: string): Step {
    return {
      request: HEAD,
      check: ({ headers }) => expect(headers.authorization).toBe(authorization),
      answer: { status: 404 },
    };
  }

  async function follow(steps: Script, waits: readonly number[] = [0]) {
    const server = await scriptedServer(steps);
    const clock = new FakeClock();
    const { registry } = clientForTest({ clock });
    for (const wait of waits) {
      clock.advance(wait);
      await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    }
  }

  it.each([
    [{ token: 'a' }, 'Bearer a'],
    [{ access_token: 'b' }, 'Bearer b'],
    [{ token: 'a', access_token: 'b' }, 'Bearer a'],
    [{ token: '', access_token: 'b' }, 'Bearer b'],
  ])('%j gives %s', async (body, authorization) => {
    await follow(script({ status: 200, body }, allowed(authorization)));
  });

  it.each([
    ['{}'],
    ['{"token":5}'],
    ['{"token":""}'],
    ['null'],
    ['[]'],
    ['<html>'],
    [''],
    ['{"token":"a\\nb"}'],
    ['{"token":"a\\u0000"}'],
  ])('%s gives none', async (body) => {
    const error = await registryErrorOf(follow(bad(body)));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toMatch(/^token service http:\S+: its answer has no token$/);
  });

  it.each([[{}], [{ expires_in: 0 }], [{ expires_in: -5 }], [{ expires_in: '300' }], [{ expires_in: null }]])(
    'is good for a minute where it says %j',
    async (extra) => {
      const steps = script(
        { status: 200, body: { token: 'a', ...extra } },
        allowed('Bearer a'),
        allowed('Bearer a'),
        { request: TOKEN, answer: { status: 200, body: { token: 'b' } } },
        allowed('Bearer b'),
      );
      await follow(steps, [0, 45_000, 10_000]);
    },
  );

  it('is good for as long as it says', async () => {
    const steps = script(
      { status: 200, body: { token: 'a', expires_in: 3600 } },
      allowed('Bearer a'),
      allowed('Bearer a'),
      { request: TOKEN, answer: { status: 200, body: { token: 'b' } } },
      allowed('Bearer b'),
    );
    await follow(steps, [0, 3_580_000, 15_000]);
  });
});

describe('a token service of another domain', () => {
  const realm = 'https://auth.evil-example.com/token';
  const HEAD = /^HEAD/;
  const challenge = { 'www-authenticate': `Bearer realm="${realm}"` };

  it.each<[string, Credential]>([
    ['a password', ALICE],
    ['a refresh token', { kind: 'identity-token', token: 'secret' }],
  ])('is not given %s', async (_what, credential) => {
    const server = await scriptedServer([{ request: HEAD, answer: { status: 401, headers: challenge } }]);
    const { registry } = clientForTest({ keychain: keychainWith(credential) });
    const error = await registryErrorOf(registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()));
    expect(error).toMatchObject({ code: 'unauthorized', temporary: false });
    expect(error.message).toBe(
      `${server.host}: its token realm https://auth.evil-example.com belongs to another domain, so the credentials for ${server.host} are not sent there; if that is right, allow it with -trust-realm=${server.host}=auth.evil-example.com`,
    );
  });

  it('is asked without credentials where there are none', async () => {
    const service = await scriptedServer([
      {
        request: /^GET \/token/,
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200, body: { token: 't' } },
      },
    ]);
    const elsewhere = service.url.replace('127.0.0.1', 'localhost');
    const server = await scriptedServer([
      {
        request: HEAD,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${elsewhere}/token"` } },
      },
      { request: HEAD, answer: { status: 404 } },
    ]);
    await clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  });

  it('does not get a password by a redirect either', async () => {
    const thief = await scriptedServer([
      {
        request: 'GET /steal',
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200, body: { token: 't' } },
      },
    ]);
    const server = await scriptedServer((url) => [
      {
        request: HEAD,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: /^GET \/token/, answer: { status: 307, headers: { location: `${thief.url}/steal` } } },
      { request: HEAD, answer: { status: 404 } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  });
});
