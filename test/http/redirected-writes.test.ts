import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { withRedirects } from '../../src/http/redirects.ts';
import type { HttpRequest, HttpResponse, Method } from '../../src/http/request.ts';
import type { BlobUpload } from '../../src/ports/registry.ts';
import {
  clientForTest,
  descriptorOf,
  keychainOf,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../adapters/oci/client.ts';
import { image, layer } from '../builders/images.ts';
import { type ScriptedRequest, type ScriptedServer, scriptedServer } from '../doubles/scripted-server.ts';

const SMALL = layer('redirected', 4096);
const LARGE = layer('redirected and large', 1_500_000);
const { manifest } = image({ seed: 'redirected' });
const CHALLENGE = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
const PAIR = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

type Client = ReturnType<typeof clientForTest>['registry'];
interface Write {
  readonly method: Method;
  readonly send: (registry: Client, server: ScriptedServer) => Promise<unknown>;
  readonly sent: Uint8Array;
  readonly answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>> };
}

const STORED = { status: 201, headers: { 'docker-content-digest': manifest.digest } };
const OPENED = { status: 202, headers: { location: '/up/2' } };
const NOTHING = new Uint8Array();

const WRITES: readonly (readonly [string, Write])[] = [
  [
    'an upload that is opened',
    {
      method: 'POST',
      send: (registry, server) => registry.startUpload(repositoryAt(server, 'app'), quiet()),
      sent: NOTHING,
      answer: OPENED,
    },
  ],
  [
    'a mount',
    {
      method: 'POST',
      send: async (registry, server) => {
        const mount = { digest: SMALL.digest, from: repositoryAt(server, 'lib') };
        expect(await registry.mountBlob(repositoryAt(server, 'app'), mount, quiet())).toBe('mounted');
      },
      sent: NOTHING,
      answer: { status: 201 },
    },
  ],
  [
    'a small blob',
    {
      method: 'PUT',
      send: (registry, server) => registry.finishUpload(uploadTo(server, SMALL), quiet()),
      sent: SMALL.bytes,
      answer: { status: 201 },
    },
  ],
  [
    'a blob that streams',
    {
      method: 'PUT',
      send: (registry, server) => registry.finishUpload(uploadTo(server, LARGE), quiet()),
      sent: LARGE.bytes,
      answer: { status: 201 },
    },
  ],
  [
    'a manifest',
    {
      method: 'PUT',
      send: (registry, server) => {
        const put = { reference: manifest.digest, manifest };
        return registry.putManifest(repositoryAt(server, 'app'), put, quiet());
      },
      sent: manifest.bytes,
      answer: STORED,
    },
  ],
  [
    'an upload that is given up',
    {
      method: 'DELETE',
      send: (registry, server) => registry.cancelUpload(uploadTo(server, SMALL).session, quiet()),
      sent: NOTHING,
      answer: { status: 204 },
    },
  ],
];

describe.each([307, 308])('a write that is redirected by %i', (status) => {
  it.each(WRITES)('is followed within its origin, with credentials: %s', async (_what, write) => {
    const server = await scriptedServer([
      { request: /^HEAD/, answer: CHALLENGE },
      { request: /^HEAD/, answer: { status: 404 } },
      {
        request: ofMethod(write),
        check: hasCredentials,
        answer: { status, headers: { location: '/moved?a=b' } },
      },
      { request: `${write.method} /moved?a=b`, check: hasCredentials, answer: write.answer },
    ]);
    await write.send(await greetedClient(server), server);
    expect(server.requests[3]?.body.equals(write.sent)).toBe(true);
    expect(server.requests[3]?.headers['content-type']).toBe(server.requests[2]?.headers['content-type']);
  });

  it.each(WRITES)('is followed to another origin, without credentials: %s', async (_what, write) => {
    const other = await scriptedServer([
      { request: `${write.method} /moved?sig=1`, check: hasNoCredentials, answer: write.answer },
    ]);
    const headers = { location: `${other.url}/moved?sig=1` };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: CHALLENGE },
      { request: /^HEAD/, answer: { status: 404 } },
      { request: ofMethod(write), check: hasCredentials, answer: { status, headers } },
    ]);
    await write.send(await greetedClient(server), server);
    expect(other.requests[0]?.body.equals(write.sent)).toBe(true);
  });

  it('goes on with an upload where that was opened', async () => {
    const other = await scriptedServer([
      {
        request: 'POST /v2/app/blobs/uploads/',
        answer: { status: 202, headers: { location: 'up/1?_state=x' } },
      },
      { request: `PUT /v2/app/blobs/uploads/up/1?_state=x&digest=${SMALL.digest}`, answer: { status: 201 } },
    ]);
    const headers = { location: `${other.url}/v2/app/blobs/uploads/` };
    const server = await scriptedServer([{ request: /^POST/, answer: { status, headers } }]);
    const { registry } = clientForTest();
    const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
    await registry.finishUpload({ ...uploadTo(server, SMALL), session }, quiet());
    expect(other.requests[1]?.body.equals(SMALL.bytes)).toBe(true);
  });
});

describe('a blob that streams to where it is redirected', () => {
  it('is read again, and its first stream is let go, though the answer came before its end', async () => {
    const opened: Readable[] = [];
    const server = await scriptedServer([
      { request: /^PUT \/up/, early: true, answer: { status: 307, headers: { location: '/moved' } } },
      { request: 'PUT /moved', answer: { status: 201 } },
    ]);
    const open = () => {
      const stream = piecesOf(LARGE.bytes);
      opened.push(stream);
      return Promise.resolve(stream);
    };
    await clientForTest().registry.finishUpload({ ...uploadTo(server, LARGE), open }, quiet());
    expect(server.requests[1]?.body.equals(LARGE.bytes)).toBe(true);
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('goes chunk by chunk, each from where it begins', async () => {
    const moved = (request: ScriptedRequest) => ({
      status: 307,
      headers: { location: request.line.replace(/^\w+ \/up/, '/moved') },
    });
    const twice = (method: string) => [
      { request: new RegExp(`^${method} /up`), answer: moved },
      { request: new RegExp(`^${method} /moved`), answer: { status: method === 'PUT' ? 201 : 202 } },
    ];
    const server = await scriptedServer([
      { request: /^PUT/, answer: { status: 413 } },
      ...twice('PATCH'),
      ...twice('PATCH'),
      ...twice('PATCH'),
      ...twice('PUT'),
    ]);
    const { registry } = clientForTest();
    const upload = { ...uploadTo(server, LARGE), open: () => Promise.resolve(piecesOf(LARGE.bytes)) };
    await registryErrorOf(registry.finishUpload(upload, quiet()));
    await registry.finishUpload(upload, quiet());
    const patches = server.requests.filter(({ line }) => line.startsWith('PATCH /moved'));
    expect(Buffer.concat(patches.map(({ body }) => body)).equals(LARGE.bytes)).toBe(true);
    expect(patches.map(({ headers }) => headers['content-range'])).toEqual([
      '0-524287',
      '524288-1048575',
      '1048576-1499999',
    ]);
  });
});

describe('a redirect that is not followed', () => {
  it.each([301, 302, 303])('is %i to a write, which would become a GET', async (status) => {
    const headers = { location: 'http://127.0.0.1:1/moved?sig=secret' };
    for (const [, { method, send }] of WRITES.filter(([, write]) => write.method !== 'DELETE')) {
      const server = await scriptedServer([
        { request: new RegExp(`^${method}`), answer: { status, headers } },
      ]);
      const error = await registryErrorOf(send(clientForTest().registry, server));
      expect(error).toMatchObject({ code: 'unexpected', status, temporary: false });
      expect(error.message).toMatch(
        new RegExp(`^${method} .*: ${status}: redirect to http://127.0.0.1:1 not followed`),
      );
      expect(error.message).not.toContain('secret');
    }
  });

  it('goes round: it comes to an end', async () => {
    const step = { request: /^PUT/, answer: { status: 307, headers: { location: '/up' } } };
    const server = await scriptedServer(Array.from({ length: 6 }, () => step));
    const asked = clientForTest().registry.finishUpload(uploadTo(server, SMALL), quiet());
    expect((await registryErrorOf(asked)).message).toContain('more than 5 redirects');
  });

  it('has no Location', async () => {
    const server = await scriptedServer([{ request: /^PUT/, answer: { status: 308 } }]);
    const asked = clientForTest().registry.finishUpload(uploadTo(server, SMALL), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unexpected', status: 308 });
    expect(error.message).toContain('a redirect without a valid Location');
  });

  it.each<Method>(['POST', 'PUT', 'PATCH', 'DELETE'])('leaves https for http: %s', async (method) => {
    const followed = follow(method, 'http://r.example.com/moved');
    expect((await registryErrorOf(followed)).message).toContain('refused a redirect to http://r.example.com');
  });

  it('would carry a refresh token to another origin', async () => {
    const token = await scriptedServer((url) => [
      {
        request: 'POST /token',
        answer: { status: 307, headers: { location: url.replace('127.0.0.1', 'localhost') } },
      },
    ]);
    const bearer = { status: 401, headers: { 'www-authenticate': `Bearer realm="${token.url}/token"` } };
    const server = await scriptedServer([{ request: /^HEAD/, answer: bearer }]);
    const keychain = keychainOf({ [server.host]: { kind: 'identity-token', token: 'canary-token' } });
    const { registry } = clientForTest({ keychain });
    const error = await registryErrorOf(registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()));
    expect(error.message).toContain('not followed: credentials are not sent to another origin');
    expect(error.message).not.toContain('canary');
  });
});

/** What a write to https://r.example.com becomes that is redirected so. */
async function follow(method: Method, location: string): Promise<HttpRequest[]> {
  const seen: HttpRequest[] = [];
  const send = withRedirects((request) => {
    seen.push(request);
    const headers: Record<string, string> = seen.length === 1 ? { location } : {};
    const response: HttpResponse = {
      status: seen.length === 1 ? 307 : 201,
      headers,
      url: request.url,
      body: NOTHING,
    };
    return Promise.resolve(response);
  });
  const url = new URL('https://r.example.com/v2/');
  const host = 'r.example.com';
  await send({
    method,
    url,
    host,
    repository: repositoryAt({ host }, 'app'),
    headers: {},
    scopes: [],
    signal: quiet(),
  });
  return seen;
}

function ofMethod({ method }: Write): RegExp {
  return new RegExp(`^${method} `);
}

/** A client with credentials that has found out that the server asks for them. */
async function greetedClient(server: ScriptedServer): Promise<Client> {
  const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'alice', password: 'secret' } });
  const { registry } = clientForTest({ keychain });
  await registry.resolve(repositoryAt(server, 'app'), tagOf('greeting'), quiet());
  return registry;
}

function hasCredentials({ headers }: ScriptedRequest): void {
  expect(headers.authorization).toBe(PAIR);
}

function hasNoCredentials({ headers }: ScriptedRequest): void {
  expect(headers.authorization).toBeUndefined();
}

function uploadTo(server: ScriptedServer, blob: typeof SMALL): BlobUpload {
  const session = { repository: repositoryAt(server, 'app'), location: `${server.url}/up`, received: 0 };
  const open = () => Promise.resolve(blob === LARGE ? piecesOf(blob.bytes) : blob.bytes);
  return { session, blob: descriptorOf(blob), open };
}

function piecesOf(bytes: Uint8Array): Readable {
  const size = 60_001;
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size);
  return Readable.from(
    starts.map((start) => bytes.subarray(start, start + size)),
    { objectMode: false },
  );
}
