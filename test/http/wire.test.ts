// Covers src/http/bodies/response-stream.ts
// Covers src/http/dispatch.ts

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { forEachConcurrently } from '../../src/base/concurrency.ts';
import { digestOf } from '../../src/image/digest.ts';
import { ACCEPT_MANIFESTS } from '../../src/image/media-types.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainOf,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
  USER_AGENT,
} from '../adapters/oci/client.ts';
import { image, layer, multiArch, push } from '../builders/images.ts';
import { uploadBlob } from '../system/contract/push-through-port.ts';
import { type ScriptedRequest, scriptedServer } from '../doubles/scripted-server.ts';

describe('connections', () => {
  it('are as many as there are requests at a time, whatever number of them waits', async () => {
    const server = await embeddedForTest();
    const digest = push(server, 'app', image({ seed: 'connections' }), 'v1');
    const { registry } = clientForTest({ threads: 20 });
    const repository = repositoryAt(server, 'app');
    const answers: unknown[] = [];
    await forEachConcurrently(Array(500).fill('v1'), { workers: 200, signal: quiet() }, async () => {
      answers.push(await registry.resolve(repository, tagOf('v1'), quiet()));
    });
    expect(new Set(answers)).toEqual(new Set([digest]));
    expect(server.requests).toHaveLength(500);
    expect(server.connections).toBe(20);
  });

  it('uses them again after small and large blobs, uploads and answers 404', async () => {
    const server = await embeddedForTest();
    const content = image({ seed: 'again', layers: [layer('small'), layer('large', 700_000)] });
    push(server, 'app', content, 'v1');
    const { registry } = clientForTest({ threads: 1 });
    const repository = repositoryAt(server, 'app');
    for (let round = 0; round < 10; round++) {
      for (const blob of content.blobs) {
        await readAll(await registry.openBlob(repository, descriptorOf(blob), quiet()));
        await uploadBlob(registry, repositoryAt(server, `to${round}`), { blob });
      }
      await registry.resolve(repository, tagOf('absent'), quiet());
    }
    // one that is read takes a connection besides the one that is written
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('closes every one of them', async () => {
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 404 } }]);
    const client = clientForTest();
    await client.registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    await client.close();
    const late = client.registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(late)).code).toBe('unreachable');
  });
});

describe('headers', () => {
  it('names every type whenever a manifest is asked for', async () => {
    const content = multiArch('accept');
    const digest = content.manifest.digest;
    const accept = ({ headers }: ScriptedRequest) => expect(headers.accept).toBe(ACCEPT_MANIFESTS);
    const acceptAny = ({ headers }: ScriptedRequest) =>
      expect(headers.accept).toBe(`${ACCEPT_MANIFESTS}, */*`);
    const server = await scriptedServer([
      { request: 'HEAD /v2/app/manifests/v1', check: acceptAny, answer: { status: 404 } },
      { request: `HEAD /v2/app/manifests/${digest}`, check: accept, answer: { status: 404 } },
      { request: `GET /v2/app/manifests/${digest}`, check: accept, answer: { status: 404 } },
    ]);
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    await registry.resolve(repository, tagOf('v1'), quiet());
    await registry.resolve(repository, digest, quiet());
    await registry.fetchManifest(repository, digest, quiet());
  });

  it('says who asks, to the token service and after a redirect as well', async () => {
    const server = await scriptedServer((url) => [
      {
        request: /^GET .*tags/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: /^GET \/token/, answer: { status: 200, body: { token: 't' } } },
      { request: /^GET .*tags/, answer: { status: 307, headers: { location: '/elsewhere' } } },
      { request: 'GET /elsewhere', answer: { status: 200, body: { tags: [] } } },
    ]);
    await clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
    expect(server.requests.map(({ headers }) => headers['user-agent'])).toEqual(Array(4).fill(USER_AGENT));
  });

  it('sends the type of a manifest and the length of a blob', async () => {
    const { manifest } = image({ seed: 'length' });
    const blob = layer('length');
    const server = await scriptedServer([
      { request: 'HEAD /v2/app/manifests/v1', answer: { status: 404 } },
      {
        request: 'PUT /v2/app/manifests/v1',
        check: ({ headers, body }) => {
          expect(headers['content-type']).toBe(manifest.mediaType);
          expect(body.equals(manifest.bytes)).toBe(true);
        },
        answer: { status: 201 },
      },
      { request: 'POST /v2/app/blobs/uploads/', answer: { status: 202, headers: { location: '/up/1' } } },
      {
        request: `PUT /up/1?digest=${blob.digest}`,
        check: ({ headers }) => {
          expect(headers['content-length']).toBe(String(blob.bytes.length));
          expect(headers['transfer-encoding']).toBeUndefined();
        },
        answer: { status: 201 },
      },
    ]);
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    await registry.putManifest(repository, { reference: tagOf('v1'), manifest }, quiet());
    await uploadBlob(registry, repository, { blob });
  });
});

describe('a host that cannot be reached', () => {
  it('is tried again once where connections are refused and it has never answered', async () => {
    const server = await embeddedForTest();
    await server.close();
    const client = clientForTest();
    const asked = client.registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unreachable', temporary: true, status: undefined });
    expect(error.message).toBe(
      `HEAD ${server.url}/v2/app/manifests/v1: ECONNREFUSED: connect ECONNREFUSED ${server.host}`,
    );
    expect(client.traffic.hosts().get(server.host)).toMatchObject({ requests: 2, retries: 1 });
  });

  it('is tried again where its name is not found', async () => {
    const client = clientForTest({ plainHttp: ['nowhere.invalid'] });
    const repository = repositoryAt({ host: 'nowhere.invalid' }, 'app');
    const error = await registryErrorOf(client.registry.resolve(repository, tagOf('v1'), quiet()));
    expect(error.code).toBe('unreachable');
    expect(error.message).toMatch(
      /^HEAD http:\/\/nowhere\.invalid\/v2\/app\/manifests\/v1: (ENOTFOUND|EAI_AGAIN): /,
    );
    expect(error.temporary).toBe(true); // the name server may be what failed
  });
});

describe('a whole promotion in small', () => {
  it('moves content between hosts with the clock of the machine', async () => {
    const from = await embeddedForTest();
    const to = await embeddedForTest({ auth: { kind: 'basic', users: { bob: 'b' } } });
    const content = image({ seed: 'small', layers: 1 });
    push(from, 'app', content);
    const keychain = keychainOf({ [to.host]: { kind: 'basic', username: 'bob', password: 'b' } });
    const { registry } = clientForTest({ keychain, clock: systemClock });
    for (const blob of content.blobs) {
      const session = await registry.startUpload(repositoryAt(to, 'app'), quiet());
      const open = () => registry.openBlob(repositoryAt(from, 'app'), descriptorOf(blob), quiet());
      await registry.finishUpload({ session, blob: descriptorOf(blob), open }, quiet());
    }
    const put = { reference: tagOf('v1'), manifest: content.manifest };
    await registry.putManifest(repositoryAt(to, 'app'), put, quiet());
    expect(to.store.resolveTag('app', 'v1')).toBe(digestOf(content.manifest.bytes));
  });
});
