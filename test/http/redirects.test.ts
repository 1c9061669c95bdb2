import { describe, expect, it } from 'vitest';
import { withRedirects } from '../../src/http/redirects.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/request.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainOf,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
} from '../adapters/oci/client.ts';
import { layer } from '../builders/images.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';

const SMALL = layer('small');
const LARGE = layer('large', 700_000);

describe('a blob that lies elsewhere', () => {
  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('is read there without the credentials of its registry (%s)', async (_size, blob) => {
    const storage = await scriptedServer([
      {
        request: 'GET /storage/blob?sig=secret',
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200, body: blob.bytes },
      },
    ]);
    const server = await embeddedForTest({
      auth: { kind: 'basic', users: { alice: 'a' } },
      faults: [
        {
          kind: 'blob-get',
          skip: 1, // the first one is refused, and so finds out about credentials
          act: { kind: 'redirect', location: `${storage.url}/storage/blob?sig=secret` },
        },
      ],
    });
    const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'alice', password: 'a' } });
    const { registry } = clientForTest({ keychain });
    const body = await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(blob), quiet());
    expect((await readAll(body)).equals(blob.bytes)).toBe(true);
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([undefined, 'basic']);
  });

  it('is not verified by where it came from', async () => {
    const step = { request: /^GET/, answer: { status: 200, body: layer('other').bytes } };
    const storage = await scriptedServer([step, step, step, step]); // it may be damage on the way
    const server = await embeddedForTest({
      faults: [{ act: { kind: 'redirect', location: `${storage.url}/b` }, times: Infinity }],
    });
    const { registry } = clientForTest();
    const asked = registry.openBlob(repositoryAt(server, 'app'), descriptorOf(SMALL), quiet());
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });

  it('is reported with a redacted address', async () => {
    const storage = await scriptedServer([{ request: /^GET/, answer: { status: 403, body: 'expired' } }]);
    const server = await embeddedForTest({
      faults: [{ act: { kind: 'redirect', location: `${storage.url}/b?sig=secret` } }],
    });
    const { registry } = clientForTest();
    const asked = registry.openBlob(repositoryAt(server, 'app'), descriptorOf(SMALL), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'refused', status: 403, isForeign: true });
    expect(error.message).toMatch(/^GET .*: redirected to http:\S+: 403: expired$/);
    expect(error.message).not.toContain('secret');
  });

  it('does not lead to credentials for its storage, whatever that asks for', async () => {
    const storage = await scriptedServer([
      { request: /^GET/, answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
    ]);
    const server = await embeddedForTest({
      faults: [{ kind: 'blob-get', act: { kind: 'redirect', location: `${storage.url}/b` } }],
    });
    const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'alice', password: 'a' } });
    const { registry } = clientForTest({ keychain });
    const repository = repositoryAt(server, 'app');
    await registry.hasBlob(repository, SMALL.digest, quiet());
    const asked = registry.openBlob(repository, descriptorOf(SMALL), quiet());
    const error = await registryErrorOf(asked);
    expect(error.code).toBe('refused');
    expect(error.message).not.toMatch(/docker login|identity /);
  });
});

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('%i is followed', async (status) => {
    const server = await embeddedForTest({
      faults: [{ act: { kind: 'redirect', status, location: (path) => `${path}?again=1` } }],
    });
    server.store.putBlob('app', SMALL.bytes, SMALL.digest);
    expect(await clientForTest().registry.hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet())).toBe(
      true,
    );
  });

  it('that go round come to an end', async () => {
    const server = await embeddedForTest({
      faults: [{ act: { kind: 'redirect', location: (path) => path }, times: Infinity }],
    });
    const asked = clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain('more than 5 redirects');
    expect(server.requests).toHaveLength(6);
  });

  it('without a Location are refused', async () => {
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 302 } }]);
    const asked = clientForTest().registry.hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet());
    expect((await registryErrorOf(asked)).message).toContain('a redirect without a valid Location');
  });
});

describe('a redirect between origins', () => {
  const headers = { accept: 'a', authorization: 'Bearer secret' };

  /** The requests that come of one to https://r.example.com that is redirected so. */
  async function follow(...locations: string[]): Promise<HttpRequest[]> {
    const seen: HttpRequest[] = [];
    const send = withRedirects((request) => {
      seen.push(request);
      const location = locations[seen.length - 1];
      const response: HttpResponse = {
        status: location === undefined ? 200 : 307,
        headers: location === undefined ? {} : { location },
        url: request.url,
        body: new Uint8Array(),
      };
      return Promise.resolve(response);
    });
    const url = new URL('https://r.example.com/v2/');
    const host = 'r.example.com';
    const repository = repositoryAt({ host }, 'app');
    await send({ method: 'GET', url, host, repository, headers, scopes: [], signal: quiet() });
    return seen;
  }

  it.each([
    ['/elsewhere', true],
    ['https://r.example.com:443/elsewhere', true],
    ['https://r.example.com:8443/', false],
    ['https://storage.example.com/', false],
    ['https://r.example.com.evil.com/', false],
  ])('to %s keeps credentials: %j', async (location, kept) => {
    const [, second] = await follow(location);
    expect(second?.headers).toEqual(kept ? headers : { accept: 'a' });
  });

  it('does not give credentials back on the way home', async () => {
    const seen = await follow('https://storage.example.com/', 'https://r.example.com/home');
    expect(seen.map((request) => 'authorization' in request.headers)).toEqual([true, false, false]);
  });

  it.each(['http://r.example.com/', 'ftp://r.example.com/', 'file:///etc/passwd', 'data:text/plain,x'])(
    'never leaves https for %s',
    async (location) => {
      expect(await registryErrorOf(follow(location))).toMatchObject({ code: 'unexpected' });
    },
  );
});
