import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../src/embedded-registry/server/faults.ts';
import type { Traffic } from '../../src/ports/traffic.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainOf,
  quiet,
  readAll,
  repositoryAt,
  tagOf,
  until,
} from '../adapters/oci/client.ts';
import { image, layer, push } from '../builders/images.ts';
import { uploadBlob } from '../system/contract/push-through-port.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';

const NOTHING = {
  requests: 0,
  retries: 0,
  interrupted: 0,
  throttled: 0,
  identities: [],
  bytesIn: 0,
  bytesOut: 0,
};

/** Without the counts over time, whose steps depend on the machine. */
function totals(traffic: Traffic, host: string) {
  const { overTime: _, ...counts } = traffic.hosts().get(host) ?? {};
  return counts;
}

describe('the counts of a run', () => {
  it('start empty', () => {
    expect(clientForTest().traffic.hosts().size).toBe(0);
  });

  it('are those that the registry saw, by host', async () => {
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
      expect(totals(traffic, server.host)).toEqual({
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
    expect(totals(traffic, server.host)).toEqual({ ...NOTHING, requests: 1, identities: ['anonymous'] });
  });

  it('tell retries and answers 429', async () => {
    const server = await embeddedForTest();
    server.addFault({ act: { kind: 'status', status: 429 }, times: 2 });
    server.addFault({ act: { kind: 'reset' } });
    const { registry, traffic } = clientForTest();
    await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect(totals(traffic, server.host)).toEqual({ ...NOTHING, requests: 4, retries: 3, throttled: 2 });
  });

  describe('of blobs that do not get through in one go', () => {
    const LARGE = layer('cut', 900_000);

    it.each<[string, FaultAct]>([
      ['a download that is cut', { kind: 'reset-mid-body' }],
      ['a download that ends too early', { kind: 'truncate' }],
    ])('count %s and goes on', async (_, act) => {
      const server = await embeddedForTest();
      push(server, 'app', image({ seed: 'cut', layers: [LARGE] }));
      server.addFault({ kind: 'blob-get', act });
      const { registry, traffic } = clientForTest();
      await readAll(await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet()));
      expect(traffic.hosts().get(server.host)).toMatchObject({ requests: 2, retries: 0, interrupted: 1 });
    });

    it('do not count a download that its reader ends', async () => {
      const server = await embeddedForTest();
      push(server, 'app', image({ seed: 'cut', layers: [LARGE] }));
      server.addFault({ kind: 'blob-get', act: { kind: 'stall-mid-body' } });
      const { registry, traffic } = clientForTest();
      const body = await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet());
      if (body instanceof Uint8Array) throw new Error('expected a stream');
      const reading = readAll(body);
      await until(() => (traffic.hosts().get(server.host)?.bytesIn ?? 0) > 0);
      body.destroy();
      await expect(reading).rejects.toThrow();
      expect(traffic.hosts().get(server.host)).toMatchObject({ requests: 1, interrupted: 0 });
    });

    it.each<[string, FaultAct, number]>([
      ['an upload that is cut', { kind: 'cut-upload', atByte: 1000 }, 1],
      ['one whose answer is lost', { kind: 'lost-answer' }, 1],
      ['one that meets an error of the server', { kind: 'status', status: 503 }, 1],
      ['none that is refused', { kind: 'status', status: 403 }, 0],
    ])('count %s', async (_, act, interrupted) => {
      const server = await embeddedForTest();
      server.addFault({ kind: 'upload-put', act });
      const { registry, traffic } = clientForTest();
      await expect(uploadBlob(registry, repositoryAt(server, 'app'), { blob: LARGE })).rejects.toThrow();
      expect(traffic.hosts().get(server.host)).toMatchObject({ retries: 0, interrupted });
    });

    it('do not count an upload whose bytes stop coming', async () => {
      const server = await embeddedForTest();
      const { registry, traffic } = clientForTest();
      const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
      const bytes = Readable.from(
        (async function* () {
          yield LARGE.bytes.subarray(0, 1000);
          throw new Error('the source is gone');
        })(),
      );
      const upload = { session, blob: descriptorOf(LARGE), open: () => Promise.resolve(bytes) };
      await expect(registry.finishUpload(upload, quiet())).rejects.toThrow('the source is gone');
      expect(traffic.hosts().get(server.host)).toMatchObject({ interrupted: 0 });
    });

    it('do not count requests that the run has abandoned', async () => {
      const server = await embeddedForTest();
      server.addFault({ kind: 'upload-put', act: { kind: 'stall' } });
      const { registry, traffic } = clientForTest();
      const session = await registry.startUpload(repositoryAt(server, 'app'), quiet());
      const abandoned = new AbortController();
      const open = () => {
        setImmediate(() => abandoned.abort());
        return Promise.resolve(LARGE.bytes);
      };
      const upload = { session, blob: descriptorOf(LARGE), open };
      await expect(registry.finishUpload(upload, abandoned.signal)).rejects.toThrow();
      expect(traffic.hosts().get(server.host)).toMatchObject({ interrupted: 0 });
    });
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
