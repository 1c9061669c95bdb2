// Covers src/embedded-registry/errors.ts
// Covers src/embedded-registry/options.ts
// Covers src/embedded-registry/reply.ts
// Covers src/embedded-registry/server/deliver.ts
// Covers src/embedded-registry/server/request-log.ts
// Covers src/embedded-registry/server/router.ts
// Covers src/embedded-registry/server/serve.ts
// Covers src/embedded-registry/storage/store.ts

import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startEmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../src/image/digest.ts';
import { blob, image, push } from '../builders/images.ts';
import { ask, askManifest, startForTest, summaryOf } from './wire.ts';

describe('an embedded registry', () => {
  it('says that it is a registry', async () => {
    const registry = await startForTest();
    expect(registry.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await ask(registry, 'GET /v2/');
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect((await ask(registry, 'HEAD /v2/')).status).toBe(200);
  });

  it('tells unknown paths from unknown methods', async () => {
    const registry = await startForTest();
    for (const path of ['/', '/v1/', '/v2/app/unknown/x']) {
      expect((await ask(registry, `GET ${path}`)).status).toBe(404);
    }
    const answer = await ask(registry, 'PUT /v2/app/tags/list');
    expect(summaryOf(answer)).toBe('405 UNSUPPORTED');
    expect(answer.headers.allow).toBe('GET');
  });

  it('logs requests and their bytes', async () => {
    const registry = await startForTest({ singlePost: true });
    const content = image({ seed: 'app', layers: 1 });
    const { digest, bytes } = content.manifest;
    push(registry, 'staging/app', content, 'v1');
    const layer = blob('new', 300);
    await askManifest(registry, 'HEAD /v2/staging/app/manifests/v1');
    await askManifest(registry, `GET /v2/staging/app/manifests/${digest}`);
    await ask(registry, `POST /v2/prod/app/blobs/uploads/?digest=${digestOf(layer)}`, { body: layer });
    await ask(registry, 'POST /v2/prod/app/blobs/uploads/?mount=sha256:00&from=staging/app');
    expect(registry.requests).toMatchObject([
      {
        method: 'HEAD',
        kind: 'manifest-head',
        path: '/v2/staging/app/manifests/v1',
        status: 200,
        bytesOut: 0,
      },
      { method: 'GET', kind: 'manifest-get', status: 200, bytesIn: 0, bytesOut: bytes.length, query: {} },
      { method: 'POST', kind: 'upload-start', status: 201, bytesIn: 300, bytesOut: 0 },
      { method: 'POST', kind: 'mount', status: 202, query: { mount: 'sha256:00', from: 'staging/app' } },
    ]);
    registry.clearRequests();
    expect(registry.requests).toEqual([]);
  });

  it('knows every request by its kind', async () => {
    const registry = await startForTest();
    const digest = digestOf(Buffer.from('x'));
    const kinds = {
      'GET /v2/': 'ping',
      'GET /token': 'token',
      'GET /v2/a/tags/list': 'tags',
      'HEAD /v2/a/manifests/v1': 'manifest-head',
      'GET /v2/a/manifests/v1': 'manifest-get',
      'PUT /v2/a/manifests/v1': 'manifest-put',
      'DELETE /v2/a/manifests/v1': 'delete',
      [`HEAD /v2/a/blobs/${digest}`]: 'blob-head',
      [`GET /v2/a/blobs/${digest}`]: 'blob-get',
      [`DELETE /v2/a/blobs/${digest}`]: 'delete',
      'POST /v2/a/blobs/uploads/': 'upload-start',
      'POST /v2/a/blobs/uploads': 'upload-start',
      'POST /v2/a/blobs/uploads/?mount=x&from=b': 'mount',
      'POST /v2/a/blobs/uploads/?mount=x': 'upload-start',
      'PATCH /v2/a/blobs/uploads/1': 'upload-patch',
      'PUT /v2/a/blobs/uploads/1': 'upload-put',
      'GET /v2/a/blobs/uploads/1': 'upload-status',
      'DELETE /v2/a/blobs/uploads/1': 'upload-cancel',
      [`GET /v2/a/referrers/${digest}`]: 'referrers',
      'GET /v2/_catalog': 'catalog',
      'GET /favicon.ico': 'other',
    };
    for (const line of Object.keys(kinds)) await ask(registry, line);
    expect(registry.requests.map(({ kind }) => kind)).toEqual(Object.values(kinds));
  });

  it('keeps connections open and counts them', async () => {
    const registry = await startForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let request = 0; request < 20; request++) await ask(registry, 'HEAD /v2/', { agent });
    expect(registry.connections).toBe(1);
    agent.destroy();
  });

  it('closes all connections, also when it is closed again', async () => {
    const registry = await startEmbeddedRegistry();
    await ask(registry, 'GET /v2/');
    await Promise.all([registry.close(), registry.close()]);
    await registry.close();
    await expect(ask(registry, 'GET /v2/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('rejects when the port is taken', async () => {
    const registry = await startForTest();
    const port = Number(registry.host.split(':')[1]);
    await expect(startEmbeddedRegistry({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('forgets a chunk whose client went away, and the upload goes on', async () => {
    const registry = await startForTest();
    const { headers } = await ask(registry, 'POST /v2/app/blobs/uploads/');
    const location = headers.location ?? '';
    const [address = '', port] = registry.host.split(':');
    const socket = connect(Number(port), address);
    socket.end(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf`);
    await once(socket.resume(), 'close');
    expect(registry.requests.at(-1)).toMatchObject({ kind: 'upload-patch', status: 0, bytesIn: 4 });
    const answer = await ask(registry, `GET ${location}`);
    expect([answer.status, answer.headers.range]).toEqual([204, '0-0']);
  });
});
