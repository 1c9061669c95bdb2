import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry, FaultAct } from '../../../../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../../../../src/image/digest.ts';
import { blob as bytesOf, image, layer, push } from '../../../../builders/images.ts';
import { rawAnswer, type ScriptedAnswer, scriptedServer } from '../../../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
  until,
} from '../../client.ts';

const BLOB = layer('existence', 4096);
const CONTENT = image({ seed: 'existence' });
const { manifest } = CONTENT;
const REFUSALS = [400, 401, 403, 405, 406, 501];
const BASIC = { 'www-authenticate': 'Basic realm="x"' };
const BLOB_PATH = `/v2/app/blobs/${BLOB.digest}`;
const PART = { 'content-range': `bytes 0-0/${BLOB.bytes.length}` };
const FIRST_BYTE: ScriptedAnswer = { status: 206, headers: PART, body: BLOB.bytes.subarray(0, 1) };

describe('a blob whose HEAD is refused', () => {
  /** What is said of the blob after a HEAD that was refused, and a GET. */
  async function ask(answer: ScriptedAnswer, { status = 405, blob = descriptorOf(BLOB) } = {}) {
    const server = await scriptedServer([
      { request: `HEAD ${pathOf(blob.digest)}`, answer: { status, headers: BASIC } },
      {
        request: `GET ${pathOf(blob.digest)}`,
        check: ({ headers }) => expect(headers.range).toBe('bytes=0-0'),
        answer,
      },
    ]);
    return clientForTest().registry.hasBlob(repositoryAt(server, 'app'), blob, quiet());
  }

  it('is there where the first byte is followed by others, and the connection is closed', async () => {
    const raw = rawAnswer(['HTTP/1.1 206 Partial Content', 'content-length: 1000000'], 'xx');
    const server = await scriptedServer([
      { request: `HEAD ${BLOB_PATH}`, answer: { status: 405, headers: { ...BASIC, connection: 'close' } } },
      { request: `GET ${BLOB_PATH}`, answer: { raw, ending: 'open' } },
    ]);
    const { registry } = clientForTest();
    expect(await registry.hasBlob(repositoryAt(server, 'app'), BLOB.digest, quiet())).toBe(true);
    await until(() => server.connections === 0);
  });

  it.each(REFUSALS.filter((status) => status !== 401))('%i is there where a GET says so', async (status) => {
    expect(await ask(FIRST_BYTE, { status })).toBe(true);
    expect(await ask({ status: 404 }, { status })).toBe(false);
  });

  it.each<[string, boolean, ScriptedAnswer]>([
    ['all of it, from a server that knows no ranges', true, { status: 200, body: BLOB.bytes }],
    [
      'a part of something of unknown size',
      true,
      { status: 206, headers: { 'content-range': 'bytes 0-0/*' }, body: 'x' },
    ],
    [
      'a part of something larger',
      false,
      { status: 206, headers: { 'content-range': 'bytes 0-0/9999' }, body: 'x' },
    ],
    [
      'a part of another digest',
      false,
      { ...FIRST_BYTE, headers: { ...PART, 'docker-content-digest': manifest.digest } },
    ],
    ['something of another size', false, { status: 200, body: 'other' }],
    ['a web page', false, { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }],
    ['no first byte', false, { status: 416 }],
  ])('is judged by what GET brings: %s', async (_what, expected, answer) => {
    expect(await ask(answer)).toBe(expected);
  });

  it('is there though it has no byte', async () => {
    const empty = descriptorOf({ ...BLOB, bytes: new Uint8Array() });
    expect(await ask({ status: 416 }, { blob: empty })).toBe(true);
  });

  it('is not read to its end where a server knows no ranges', async () => {
    const large = { ...descriptorOf(BLOB), size: 2 ** 30 };
    const endless = {
      raw: `HTTP/1.1 200 OK\r\nContent-Length: ${large.size}\r\n\r\nbegin`,
      ending: 'open',
    } as const;
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 405 } },
      { request: /^GET/, answer: endless },
    ]);
    const { registry } = clientForTest();
    expect(await registry.hasBlob(repositoryAt(server, 'app'), large, quiet())).toBe(true);
    await until(() => server.connections <= 1);
  });

  it('is asked for by GET alone from then on, at that host, and over the same connections', async () => {
    const [server, other] = [await embeddedForTest(), await embeddedForTest()];
    const blobs = Array.from({ length: 5 }, (_, number) => layer(`existence ${number}`, 2048));
    for (const { bytes, digest } of blobs) server.store.putBlob('app', bytes, digest);
    server.addFault({ kind: 'blob-head', act: { kind: 'status', status: 405 }, times: Infinity });
    const { registry } = clientForTest({ threads: 1 });
    for (const blob of blobs) {
      expect(await registry.hasBlob(repositoryAt(server, 'app'), descriptorOf(blob), quiet())).toBe(true);
    }
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', ...blobs.map(() => 'GET')]);
    expect(server.requests.reduce((sum, { bytesOut }) => sum + bytesOut, 0)).toBe(blobs.length);
    // one for HEAD, and two for streams: one rests for a turn before it is used again
    expect(server.connections).toBeLessThanOrEqual(3);
    await registry.hasBlob(repositoryAt(other, 'app'), BLOB.digest, quiet());
    expect(other.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('is refused with the bare code where the registry gives no message', async () => {
    const server = await embeddedForTest();
    server.addFault({ path: /app\/blobs/, act: refusal(403, 'DENIED', ''), times: Infinity });
    const asked = clientForTest().registry.hasBlob(repositoryAt(server, 'app'), BLOB.digest, quiet());
    expect((await registryErrorOf(asked)).message).toMatch(/: 403: DENIED(?: \(|$)/);
  });

  it('is refused where GET is refused too: the reason is told, and in that repository not asked for again', async () => {
    const server = await embeddedForTest();
    server.addFault({ path: /app\/blobs/, act: refusal(403, 'DENIED', 'pay first'), times: Infinity });
    const { registry } = clientForTest();
    const ask = (name: string) => registry.hasBlob(repositoryAt(server, name), BLOB.digest, quiet());
    const error = await registryErrorOf(ask('app'));
    expect(error).toMatchObject({ code: 'unauthorized', status: 403 });
    expect(error.message).toContain('403: DENIED: pay first');
    expect((await registryErrorOf(ask('app'))).message).toContain('403: DENIED: pay first');
    expect(linesOf(server)).toEqual(['HEAD blob-head', 'GET blob-get', 'GET ping', 'HEAD blob-head']);
    expect(await ask('other')).toBe(false);
  });

  it('that answers 401 to every HEAD, as public.ecr.aws does, costs no more than a token or two', async () => {
    const server = await embeddedForTest({ auth: { kind: 'token', users: { alice: 'a' } } });
    server.store.putBlob('app', BLOB.bytes, BLOB.digest);
    const headers = { 'WWW-Authenticate': `Bearer realm="${server.url}/token",service="${server.host}"` };
    server.addFault({ kind: 'blob-head', act: { kind: 'status', status: 401, headers }, times: Infinity });
    const { registry } = clientForTest({
      keychain: keychainWith({ kind: 'basic', username: 'alice', password: 'a' }),
    });
    for (let time = 0; time < 3; time++) {
      expect(await registry.hasBlob(repositoryAt(server, 'app'), descriptorOf(BLOB), quiet())).toBe(true);
    }
    expect(server.requests.map(({ method, kind }) => (kind === 'token' ? kind : method))).toEqual([
      'HEAD', // anonymous
      'token',
      'HEAD', // refused, and once more with another token
      'token',
      'HEAD',
      'GET',
      'GET',
      'GET',
    ]);
  });

  it('by 401 without a challenge is not waited for', async () => {
    const server = await embeddedForTest();
    server.store.putBlob('app', BLOB.bytes, BLOB.digest);
    server.addFault({ kind: 'blob-head', act: { kind: 'status', status: 401 }, times: Infinity });
    const { registry } = clientForTest();
    expect(await registry.hasBlob(repositoryAt(server, 'app'), BLOB.digest, quiet())).toBe(true);
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });
});

describe('storage that a registry redirects to', () => {
  it.each([401, 403, 405])(
    'takes no HEAD (%i) of a URL that is signed for GET: GET is asked',
    async (status) => {
      const storage = await scriptedServer([
        { request: 'HEAD /signed?for=get', answer: { status, headers: BASIC } },
        { request: 'GET /signed?for=get', answer: FIRST_BYTE },
      ]);
      const answer = { status: 307, headers: { location: `${storage.url}/signed?for=get` } };
      const server = await scriptedServer([
        { request: `HEAD ${BLOB_PATH}`, answer },
        { request: `GET ${BLOB_PATH}`, answer },
      ]);
      const { registry } = clientForTest();
      expect(await registry.hasBlob(repositoryAt(server, 'app'), descriptorOf(BLOB), quiet())).toBe(true);
    },
  );

  it.each([401, 403])('refuses by %i: that is no refusal of the registry', async (status) => {
    const step = { request: /signed/, answer: { status, body: '<Error>expired</Error>' } };
    const storage = await scriptedServer([step, step]);
    const server = await embeddedForTest({
      auth: { kind: 'token', users: { alice: 'a' } },
      faults: [
        {
          path: /blobs/,
          anonymous: false,
          act: { kind: 'redirect', location: `${storage.url}/signed?sig=canary` },
          times: Infinity,
        },
      ],
    });
    const client = clientForTest({
      keychain: keychainWith({ kind: 'basic', username: 'alice', password: 'a' }),
    });
    const repository = repositoryAt(server, 'app');
    const error = await registryErrorOf(client.registry.hasBlob(repository, BLOB.digest, quiet()));
    expect(error).toMatchObject({ code: 'refused', status, isForeign: true, temporary: false });
    expect(error.message).toContain(`redirected to ${storage.url}: ${status}: expired`);
    expect(error.message).not.toMatch(/docker login|identity |canary|needs the right/);
    expect(server.requests.filter(({ kind }) => kind === 'token')).toHaveLength(1);
  });
});

describe('a manifest whose HEAD is refused', () => {
  it.each(REFUSALS)('is read: %i', async (status) => {
    for (const reference of [tagOf('v1'), manifest.digest]) {
      const server = await embeddedForTest();
      push(server, 'app', CONTENT, 'v1');
      server.addFault({
        kind: 'manifest-head',
        act: { kind: 'status', status, headers: BASIC },
        times: Infinity,
      });
      const keychain = keychainWith({ kind: 'basic', username: 'alice', password: 'a' });
      const { registry } = clientForTest({ keychain });
      const resolve = () => registry.resolve(repositoryAt(server, 'app'), reference, quiet());
      expect(await resolve()).toBe(manifest.digest);
      server.clearRequests();
      expect(await resolve()).toBe(manifest.digest);
      expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
    }
  });

  it.each([400, 405, 501])('is not there where GET says so: %i', async (status) => {
    const server = await embeddedForTest();
    server.addFault({ kind: 'manifest-head', act: { kind: 'status', status }, times: Infinity });
    const { registry } = clientForTest();
    expect(await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet())).toBeUndefined();
  });

  it('may be hidden from those without rights, to whom GET says that it is not there', async () => {
    const server = await embeddedForTest();
    server.addFault({ kind: 'manifest-head', act: { kind: 'status', status: 403 }, times: Infinity });
    const { registry } = clientForTest();
    const asked = registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'unauthorized', status: 403 });
  });

  it('is what its bytes are, whatever its headers say', async () => {
    const other = image({ seed: 'another' }).manifest;
    const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest };
    const read = { request: /^GET/, answer: { status: 200, headers, body: other.bytes } };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 405 } },
      read,
      read,
      read,
      read,
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });

  it('is read no further than a manifest may be', async () => {
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 405 } },
      { request: /^GET/, answer: { status: 200, body: bytesOf('endless', 4 * 1024 * 1024 + 1) } },
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(asked)).message).toContain('the answer is larger than 4194304 bytes');
  });

  it('is refused where GET is refused too: the reason is told, and in that repository not asked for again', async () => {
    const server = await embeddedForTest();
    server.addFault({
      path: /app\/manifests/,
      act: refusal(403, 'DENIED', 'GCR is shut down'),
      times: Infinity,
    });
    const { registry } = clientForTest();
    const ask = (name: string) => registry.resolve(repositoryAt(server, name), tagOf('v1'), quiet());
    expect((await registryErrorOf(ask('app'))).message).toMatch(/^HEAD .*: 403: DENIED: GCR is shut down/);
    expect((await registryErrorOf(ask('app'))).message).toMatch(/^HEAD .*: 403: DENIED: GCR is shut down/);
    expect(linesOf(server)).toEqual([
      'HEAD manifest-head',
      'GET manifest-get',
      'GET ping',
      'HEAD manifest-head',
    ]);
  });

  it.each([429, 503])('for a while (%i) is asked for by HEAD again', async (status) => {
    const server = await embeddedForTest();
    push(server, 'app', CONTENT, 'v1');
    server.addFault({ kind: 'manifest-head', act: { kind: 'status', status } });
    const { registry } = clientForTest();
    expect(await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet())).toBe(manifest.digest);
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });
});

function linesOf({ requests }: EmbeddedRegistry): string[] {
  return requests.map(({ method, kind }) => `${method} ${kind}`);
}

function pathOf(digest: Digest): string {
  return `/v2/app/blobs/${digest}`;
}

function refusal(status: number, code: string, message: string): FaultAct {
  const headers = { 'Content-Type': 'application/json' };
  return { kind: 'status', status, headers, body: JSON.stringify({ errors: [{ code, message }] }) };
}
