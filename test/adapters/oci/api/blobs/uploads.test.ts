// Covers src/adapters/oci/api/stored-digest.ts

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { blob as bytesOf, layer } from '../../../../builders/images.ts';
import { uploadBlob } from '../../../../system/contract/push-through-port.ts';
import { type Script, type Step, scriptedServer } from '../../../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  keychainOf,
  quiet,
  registryErrorOf,
  repositoryAt,
  until,
} from '../../client.ts';

const BLOB = layer('upload');
const POST = 'POST /v2/app/blobs/uploads/';
const DIGEST = `digest=${BLOB.digest}`;

function opened(location: string): Step {
  return { request: POST, answer: { status: 202, headers: { location } } };
}

function endlessSource(): Readable {
  return new Readable({
    read() {
      this.push(bytesOf('piece', 65_536));
    },
  });
}

async function upload(script: Script) {
  const server = await scriptedServer(script);
  const client = clientForTest();
  await uploadBlob(client.registry, repositoryAt(server, 'app'), { blob: BLOB });
  return server;
}

describe('the Location of an upload', () => {
  it.each([
    ['relative', '/up/1', `/up/1?${DIGEST}`],
    ['relative to its page', '1', `/v2/app/blobs/uploads/1?${DIGEST}`],
    ['with a query', '/up/1?_state=a%3D%3D&b', `/up/1?_state=a%3D%3D&b&${DIGEST}`],
    ['with an empty query', '/up/1?', `/up/1?${DIGEST}`],
  ])('may be %s', async (_what, location, expected) => {
    const server = await upload([opened(location), { request: `PUT ${expected}`, answer: { status: 201 } }]);
    expect(server.requests[1]?.body.equals(BLOB.bytes)).toBe(true);
  });

  it('may be absolute', async () => {
    await upload((url) => [
      opened(`${url}/up/1?x=y`),
      { request: `PUT /up/1?x=y&${DIGEST}`, answer: { status: 201 } },
    ]);
  });

  it.each([
    ['none', {}],
    ['no URL', { location: 'http://[' }],
  ])('may not be %s', async (_what, headers) => {
    const server = await scriptedServer([{ request: POST, answer: { status: 202, headers } }]);
    const asked = clientForTest().registry.startUpload(repositoryAt(server, 'app'), quiet());
    expect((await registryErrorOf(asked)).message).toContain('an upload without a valid Location');
  });

  it('may not be of another kind', async () => {
    const server = await scriptedServer([opened('ftp://127.0.0.1/up')]);
    const asked = clientForTest().registry.startUpload(repositoryAt(server, 'app'), quiet());
    expect((await registryErrorOf(asked)).message).toContain('refused an upload to ftp://127.0.0.1');
  });

  it('at another origin gets no credentials, even when it asks for them', async () => {
    const storage = await scriptedServer([
      {
        request: `PUT /bucket?sig=1&${DIGEST}`,
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 201 },
      },
      {
        request: `PUT /bucket?sig=1&${DIGEST}`,
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
      },
    ]);
    const challenge = { 'www-authenticate': 'Basic realm="x"' };
    const withKey: Step = {
      ...opened(`${storage.url}/bucket?sig=1`),
      check: ({ headers }) => expect(headers.authorization).toMatch(/^Basic /),
    };
    const server = await scriptedServer([
      { request: POST, answer: { status: 401, headers: challenge } },
      withKey,
      withKey,
    ]);
    const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'a', password: 'secret' } });
    const { registry } = clientForTest({ keychain });
    await uploadBlob(registry, repositoryAt(server, 'app'), { blob: BLOB });
    const error = await registryErrorOf(uploadBlob(registry, repositoryAt(server, 'app'), { blob: BLOB }));
    expect(error).toMatchObject({ code: 'refused', status: 401, isForeign: true });
  });
});

describe('a mount', () => {
  it('asks for the rights to both repositories in one token', async () => {
    const server = await scriptedServer((url) => [
      {
        request: `POST /v2/app/blobs/uploads/?mount=${BLOB.digest}&from=group%2Ffrom`,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token",service="s"` } },
      },
      {
        request:
          'GET /token?service=s&scope=repository%3Aapp%3Apull%2Cpush&scope=repository%3Agroup%2Ffrom%3Apull',
        answer: { status: 200, body: { token: 't' } },
      },
      {
        request: /^POST/,
        check: ({ headers }) => expect(headers.authorization).toBe('Bearer t'),
        answer: { status: 201 },
      },
    ]);
    const mount = { digest: BLOB.digest, from: repositoryAt(server, 'group/from') };
    const { registry } = clientForTest();
    expect(await registry.mountBlob(repositoryAt(server, 'app'), mount, quiet())).toBe('mounted');
  });

  it.each([403, 404])('that is answered %i is refused', async (status) => {
    const server = await scriptedServer([{ request: /^POST/, answer: { status } }]);
    const mount = { digest: BLOB.digest, from: repositoryAt(server, 'from') };
    const asked = clientForTest().registry.mountBlob(repositoryAt(server, 'app'), mount, quiet());
    expect((await registryErrorOf(asked)).status).toBe(status);
  });
});

describe('a blob in one POST', () => {
  const put = { digest: BLOB.digest, bytes: BLOB.bytes };

  it.each([
    { name: 'is stored', answer: { status: 201 }, result: 'stored' },
    {
      name: 'opens an upload',
      answer: { status: 202, headers: { location: '/up' } },
      result: { received: 0 },
    },
  ])('$name: $answer.status', async ({ answer, result }) => {
    const server = await scriptedServer([
      {
        request: `POST /v2/app/blobs/uploads/?${DIGEST}`,
        check: ({ headers }) => expect(headers['content-length']).toBe(String(BLOB.bytes.length)),
        answer,
      },
    ]);
    const stored = await clientForTest().registry.putBlob(repositoryAt(server, 'app'), put, quiet());
    if (typeof result === 'string') expect(stored).toBe(result);
    else expect(stored).toMatchObject(result);
    expect(server.requests[0]?.body.equals(BLOB.bytes)).toBe(true);
  });

  it('is sent again with the token that the registry demands', async () => {
    const server = await scriptedServer((url) => [
      {
        request: /^POST/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token",service="s"` } },
      },
      { request: /^GET \/token/, answer: { status: 200, body: { token: 't' } } },
      { request: /^POST/, answer: { status: 201 } },
    ]);
    expect(await clientForTest().registry.putBlob(repositoryAt(server, 'app'), put, quiet())).toBe('stored');
    expect(server.requests.at(-1)?.body.equals(BLOB.bytes)).toBe(true);
  });

  it('is an error where the registry names another digest and has not the blob', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    const server = await scriptedServer([
      { request: /^POST/, answer: { status: 201, headers: { 'docker-content-digest': other } } },
      { request: /^HEAD/, answer: { status: 404 } },
    ]);
    const failing = clientForTest().registry.putBlob(repositoryAt(server, 'app'), put, quiet());
    expect((await registryErrorOf(failing)).message).toContain(`the registry stored ${other}`);
  });
});

describe('an upload', () => {
  it('of unknown size is read whole first', async () => {
    const server = await scriptedServer([
      {
        request: `PUT /up?${DIGEST}`,
        check: ({ headers }) => expect(headers['content-length']).toBe(String(BLOB.bytes.length)),
        answer: { status: 201 },
      },
    ]);
    const repository = repositoryAt(server, 'app');
    await clientForTest().registry.finishUpload(
      {
        session: { repository, location: `${server.url}/up`, received: 0 },
        blob: { ...descriptorOf(BLOB), size: -1 },
        open: () => Promise.resolve(Readable.from([BLOB.bytes.subarray(0, 9), BLOB.bytes.subarray(9)])),
      },
      quiet(),
    );
    expect(server.requests[0]?.body.equals(BLOB.bytes)).toBe(true);
  });

  it('that was answered before its end lets go of its source', async () => {
    const server = await scriptedServer([
      { request: /^PUT/, early: true, answer: { status: 413, body: 'too large' } },
    ]);
    const endless = endlessSource();
    const repository = repositoryAt(server, 'app');
    const asked = clientForTest().registry.finishUpload(
      {
        session: { repository, location: `${server.url}/up`, received: 0 },
        blob: { ...descriptorOf(BLOB), size: 2 ** 40 },
        open: () => Promise.resolve(endless),
      },
      quiet(),
    );
    expect((await registryErrorOf(asked)).message).toContain('413: too large');
    await until(() => endless.destroyed);
  });

  it('whose source cannot be opened is reported in the words of the source, and nothing is sent', async () => {
    const server = await scriptedServer([]);
    const repository = repositoryAt(server, 'app');
    const asked = clientForTest().registry.finishUpload(
      {
        session: { repository, location: `${server.url}/up`, received: 0 },
        blob: descriptorOf(BLOB),
        open: () => Promise.reject(new Error('no such source')),
      },
      quiet(),
    );
    await expect(asked).rejects.toThrow('no such source');
  });

  it('whose connection is lost lets go of its source', async () => {
    const answer = { raw: 'HTTP/1.1 2', ending: 'reset' } as const;
    const server = await scriptedServer([{ request: /^PUT/, early: true, answer }]);
    const endless = endlessSource();
    const repository = repositoryAt(server, 'app');
    const asked = clientForTest().registry.finishUpload(
      {
        session: { repository, location: `${server.url}/up`, received: 0 },
        blob: { ...descriptorOf(BLOB), size: 2 ** 40 },
        open: () => Promise.resolve(endless),
      },
      quiet(),
    );
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'unreachable', temporary: true });
    await until(() => endless.destroyed);
  });

  it.each([204, 404, 405, 500])('is given up whatever the answer (%i)', async (status) => {
    const step: Step = { request: 'DELETE /up?a=b', answer: { status } };
    const server = await scriptedServer(status === 500 ? [step, step, step, step, step] : [step]);
    const repository = repositoryAt(server, 'app');
    const session = { repository, location: `${server.url}/up?a=b`, received: 0 };
    await clientForTest().registry.cancelUpload(session, quiet());
  });
});
