import { describe, expect, it } from 'vitest';
import { image, layer, push } from '../../builders/images.ts';
import { uploadBlob } from '../../contract/push-through-port.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainOf,
  quiet,
  readAll,
  repositoryAt,
  tagOf,
} from './client.ts';

const NOTHING = { requests: 0, retries: 0, throttled: 0, identities: [], bytesIn: 0, bytesOut: 0 };

describe('the counts of a run', () => {
  it('start empty', () => {
    expect(clientForTest().traffic.hosts().size).toBe(0);
  });

  it('tell what the registry saw, by host', async () => {
    const content = image({ seed: 'traffic', layers: [layer('small', 1000), layer('large', 900_000)] });
    const from = await embeddedForTest({ auth: { kind: 'token', users: { a: 'b' } } });
    const to = await embeddedForTest();
    push(from, 'app', content);
    const keychain = keychainOf({ [from.host]: { kind: 'basic', username: 'a', password: 'b' } });
    const { registry, traffic } = clientForTest({ keychain });
    for (const blob of content.blobs) {
      const body = await registry.openBlob(repositoryAt(from, 'app'), descriptorOf(blob), quiet());
      await readAll(body);
      await uploadBlob(registry, repositoryAt(to, 'app'), { blob });
    }
    for (const [server, identities] of [
      [from, ['user "a"']],
      [to, ['anonymous']],
    ] as const) {
      const requests = server.requests.length;
      const bytesIn = server.requests.reduce((sum, { bytesOut }) => sum + bytesOut, 0);
      const bytesOut = server.requests.reduce((sum, { bytesIn }) => sum + bytesIn, 0);
      expect(traffic.hosts().get(server.host)).toEqual({
        ...NOTHING,
        requests,
        identities,
        bytesIn,
        bytesOut,
      });
    }
  });

  it('leave out an upload whose bytes could not be had: it is never sent', async () => {
    const server = await embeddedForTest();
    const blob = layer('large', 900_000);
    const { registry, traffic } = clientForTest();
    const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
    const open = () => Promise.reject(new Error('the source is gone'));
    const upload = { session, blob: descriptorOf(blob), open };
    await expect(registry.finishUpload(upload, quiet())).rejects.toThrow('the source is gone');
    expect(server.requests.map(({ kind }) => kind)).toEqual(['upload-start']);
    expect(traffic.hosts().get(server.host)).toEqual({ ...NOTHING, requests: 1, identities: ['anonymous'] });
  });

  it('tell retries and answers 429', async () => {
    const server = await embeddedForTest();
    server.addFault({ act: { kind: 'status', status: 429 }, times: 2 });
    server.addFault({ act: { kind: 'reset' } });
    const { registry, traffic } = clientForTest();
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect(traffic.hosts().get(server.host)).toEqual({ ...NOTHING, requests: 4, retries: 3, throttled: 2 });
  });

  it('put redirects and tokens down to the host that asked for them', async () => {
    const blob = layer('redirected');
    const storage = await scriptedServer([{ request: /^GET/, answer: { status: 200, body: blob.bytes } }]);
    const server = await scriptedServer((url) => [
      {
        request: /^GET/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      { request: /^GET \/token/, answer: { status: 200, body: '{"token":"t"}' } },
      { request: /^GET/, answer: { status: 307, headers: { location: `${storage.url}/b` } } },
    ]);
    const { registry, traffic } = clientForTest();
    await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(blob), quiet());
    expect([...traffic.hosts().keys()]).toEqual([server.host]);
    expect(traffic.hosts().get(server.host)).toMatchObject({
      requests: 4,
      bytesIn: blob.bytes.length + '{"token":"t"}'.length,
    });
  });
});
