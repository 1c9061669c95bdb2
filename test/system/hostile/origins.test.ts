import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/ports/keychain.ts';
import {
  clientForTest,
  descriptorOf,
  keychainWith,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../../adapters/oci/client.ts';
import { layer } from '../../builders/images.ts';
import { type ScriptedServer, type Step, scriptedServer } from '../../doubles/scripted-server.ts';

const PASSWORD: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const BASIC = `Basic ${Buffer.from('alice:pw').toString('base64')}`;
const BEARER: Credential = { kind: 'registry-token', token: 'keep-me' };
const SMALL = layer('small');
const LARGE = layer('large', 700_000);
const KINDS = [
  ['Basic', PASSWORD, BASIC],
  ['Bearer', BEARER, 'Bearer keep-me'],
] as const;

/** The first request of a client, which is refused so that the next ones carry credentials. */
const DOOR: Step = {
  request: /./,
  answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
};

function carries(authorization: string | undefined): NonNullable<Step['check']> {
  return ({ headers }) => {
    expect(headers.authorization).toBe(authorization);
    expect(headers.cookie).toBeUndefined();
  };
}

/** The same server under another name, and what it gets without credentials. */
function elsewhere(server: ScriptedServer): readonly (readonly [string, string])[] {
  return [
    ['another port', server.url],
    ['another host', server.url.replace('127.0.0.1', 'localhost')],
  ];
}

describe.each(KINDS)('%s credentials', (_kind, credential, authorization) => {
  const client = () => clientForTest({ keychain: keychainWith(credential) }).registry;

  it.each([0, 1])(
    'do not follow a redirect to another port or host (GHSA-vh4v-2xq2-g5cg, ggcr #2332): %i',
    async (which) => {
      const storage = await scriptedServer([
        { request: 'HEAD /b', check: carries(undefined), answer: { status: 200 } },
      ]);
      const [, origin] = elsewhere(storage)[which] ?? [];
      const server = await scriptedServer([
        DOOR,
        {
          request: /^HEAD/,
          check: carries(authorization),
          answer: { status: 307, headers: { location: `${origin}/b` } },
        },
      ]);
      expect(await client().hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet())).toBe(true);
    },
  );

  it('do not come back with a redirect that leads home again', async () => {
    const storage = await scriptedServer([
      {
        request: 'HEAD /b',
        check: carries(undefined),
        answer: () => ({ status: 307, headers: { location: `${server.url}/home` } }),
      },
    ]);
    const server = await scriptedServer([
      DOOR,
      { request: /^HEAD/, answer: { status: 307, headers: { location: `${storage.url}/b` } } },
      { request: 'HEAD /home', check: carries(undefined), answer: { status: 200 } },
    ]);
    expect(await client().hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet())).toBe(true);
  });

  it('stay with a redirect within their origin', async () => {
    const server = await scriptedServer([
      DOOR,
      { request: /^HEAD/, answer: { status: 307, headers: { location: '/elsewhere' } } },
      { request: 'HEAD /elsewhere', check: carries(authorization), answer: { status: 200 } },
    ]);
    expect(await client().hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet())).toBe(true);
  });

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('are not shown to the storage that has a %s blob', async (_size, blob) => {
    const storage = await scriptedServer([
      { request: 'GET /b', check: carries(undefined), answer: { status: 200, body: blob.bytes } },
    ]);
    const server = await scriptedServer([
      DOOR,
      {
        request: /^GET/,
        check: carries(authorization),
        answer: { status: 307, headers: { location: `${storage.url}/b` } },
      },
    ]);
    const body = await client().openBlob(repositoryAt(server, 'app'), descriptorOf(blob), quiet());
    expect((await readAll(body)).equals(blob.bytes)).toBe(true);
  });

  it('are not given to a storage that asks for them', async () => {
    const challenge = { 'www-authenticate': 'Basic realm="your password, please"' };
    const storage = await scriptedServer([
      { request: 'GET /b', check: carries(undefined), answer: { status: 401, headers: challenge } },
    ]);
    const server = await scriptedServer([
      DOOR,
      { request: /^GET/, answer: { status: 307, headers: { location: `${storage.url}/b` } } },
    ]);
    const asked = client().openBlob(repositoryAt(server, 'app'), descriptorOf(SMALL), quiet());
    expect((await registryErrorOf(asked)).code).toBe('refused');
  });

  it.each([0, 1])(
    'do not follow the Location of an upload to another port or host (CVE-2026-50151, GHSA-jxpm-75mh-9fp7): %i',
    async (which) => {
      const storage = await scriptedServer([
        { request: /^PUT \/up\/1\?digest=/, check: carries(undefined), answer: { status: 201 } },
        { request: 'DELETE /up/1', check: carries(undefined), answer: { status: 204 } },
      ]);
      const [, origin] = elsewhere(storage)[which] ?? [];
      const server = await scriptedServer([
        DOOR,
        {
          request: /^POST/,
          check: carries(authorization),
          answer: { status: 202, headers: { location: `${origin}/up/1` } },
        },
      ]);
      const registry = client();
      const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
      const open = () => Promise.resolve(SMALL.bytes);
      await registry.finishUpload({ session, blob: descriptorOf(SMALL), open }, quiet());
      await registry.cancelUpload(session, quiet());
    },
  );

  it('do not follow the Location of a mount that was not done', async () => {
    const storage = await scriptedServer([
      { request: 'DELETE /up/1', check: carries(undefined), answer: { status: 204 } },
    ]);
    const server = await scriptedServer([
      DOOR,
      { request: /^POST .*mount=/, answer: { status: 202, headers: { location: `${storage.url}/up/1` } } },
    ]);
    const registry = client();
    const mount = { digest: SMALL.digest, from: repositoryAt(server, 'from') };
    const session = await registry.mountBlob(repositoryAt(server, 'app'), mount, quiet());
    if (session === 'mounted') throw new Error('it was not mounted');
    await registry.cancelUpload(session, quiet());
  });

  it('are not given to an upload that asks for them', async () => {
    const challenge = { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"' };
    const storage = await scriptedServer([
      { request: /^PUT/, check: carries(undefined), answer: { status: 401, headers: challenge } },
    ]);
    const server = await scriptedServer([
      DOOR,
      { request: /^POST/, answer: { status: 202, headers: { location: `${storage.url}/up/1` } } },
    ]);
    const registry = client();
    const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
    const open = () => Promise.resolve(SMALL.bytes);
    const asked = registry.finishUpload({ session, blob: descriptorOf(SMALL), open }, quiet());
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'refused', status: 401 });
  });

  it.each(['another port', 'another host', 'another scheme'])(
    'do not follow a Link to %s: it is not opened at all (ggcr #2302)',
    async (which) => {
      const other = await scriptedServer([]);
      const server = await scriptedServer((url) => [
        DOOR,
        {
          request: /^GET/,
          check: carries(authorization),
          answer: {
            status: 200,
            headers: { link: `<${target(url)}/v2/app/tags/list?last=a>; rel="next"` },
            body: { tags: ['a'] },
          },
        },
      ]);
      const error = await registryErrorOf(client().list(repositoryAt(server, 'app'), quiet()));
      expect(error).toMatchObject({ code: 'unexpected', temporary: false });
      expect(error.message).toContain('it belongs to another host');
      expect(other.connections).toBe(0);

      function target(url: string): string {
        if (which === 'another port') return other.url;
        return which === 'another host'
          ? url.replace('127.0.0.1', 'localhost')
          : url.replace('http:', 'https:');
      }
    },
  );

  it('do not follow a Link of a page that was redirected elsewhere', async () => {
    const other = await scriptedServer([
      {
        request: 'GET /list',
        check: carries(undefined),
        answer: { status: 200, headers: { link: '</list?2>; rel="next"' }, body: { tags: ['a'] } },
      },
    ]);
    const server = await scriptedServer([
      DOOR,
      { request: /^GET/, answer: { status: 307, headers: { location: `${other.url}/list` } } },
    ]);
    await registryErrorOf(client().list(repositoryAt(server, 'app'), quiet()));
  });

  it.each(['https:', 'ftp:', 'file:', 'ws:'])('do not go to the same host by %s', async (scheme) => {
    // by https nobody answers, which is all that matters: what arrives on the socket is no request
    const server = await scriptedServer((url) => [
      DOOR,
      {
        request: /^HEAD/,
        answer: { status: 307, headers: { location: `${url.replace('http:', scheme)}/b` } },
      },
    ]);
    const asked = client().hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet());
    await registryErrorOf(asked);
  });
});

describe('an answer from elsewhere', () => {
  it('that says 401 does not make a registry forget that it needs no credentials', async () => {
    const challenge = { 'www-authenticate': 'Basic realm="x"' };
    const storage = await scriptedServer([
      { request: 'HEAD /b', answer: { status: 401, headers: challenge } },
      { request: 'GET /b', answer: { status: 401, headers: challenge } },
    ]);
    const led = { status: 307, headers: { location: `${storage.url}/b` } };
    const server = await scriptedServer([
      { request: /^HEAD/, check: carries(undefined), answer: { status: 404 } },
      { request: 'GET /v2/', check: carries(undefined), answer: { status: 200 } },
      { request: /^HEAD/, answer: led },
      { request: /^GET/, answer: led },
      { request: /^HEAD/, check: carries(undefined), answer: { status: 404 } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(PASSWORD) });
    const repository = repositoryAt(server, 'app');
    await registry.resolve(repository, tagOf('v1'), quiet());
    await registryErrorOf(registry.hasBlob(repository, SMALL.digest, quiet()));
    await registry.resolve(repository, tagOf('v1'), quiet());
  });

  it('that says 401 to the first request of all is not taken for the registry’s own challenge', async () => {
    const challenge = { 'www-authenticate': 'Basic realm="x"' };
    const storage = await scriptedServer([
      { request: 'HEAD /b', check: carries(undefined), answer: { status: 401, headers: challenge } },
      { request: 'GET /b', check: carries(undefined), answer: { status: 401, headers: challenge } },
    ]);
    const led = { status: 307, headers: { location: `${storage.url}/b` } };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: led },
      { request: /^GET/, answer: led },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(PASSWORD) });
    await registryErrorOf(registry.hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet()));
  });
});
