import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import {
  clientForTest,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../../adapters/oci/client.ts';
import { image } from '../../builders/images.ts';
import { type ScriptedRequest, scriptedServer } from '../../doubles/scripted-server.ts';

const MIB = 1024 * 1024;

/** A thousand times smaller than what it would become. */
const BOMB = gzipSync(Buffer.alloc(256 * MIB, '{"token":"'), { level: 9 });

/** How often what is not as it should be is read: it may have been damaged on its way. */
const READS = 4;

describe.each(['gzip', 'x-gzip', 'deflate', 'br', 'gzip, gzip'])(
  'a body in %s (CVE-2020-1702)',
  (encoding) => {
    const headers = { 'content-encoding': encoding, 'content-type': 'application/json' };
    const { manifest } = image({ seed: 'bomb' });

    /** A client of a server that compresses what nobody has asked it to compress. */
    async function stage(body: Uint8Array, requests = 1) {
      const server = await scriptedServer(
        Array.from({ length: requests }, () => ({
          request: /./,
          check: (request: ScriptedRequest) => expect(request.headers['accept-encoding']).toBe('identity'),
          answer: { status: 200, headers, body },
        })),
      );
      const client = clientForTest();
      return { ...client, repository: repositoryAt(server, 'app'), host: server.host };
    }

    it('is no manifest, whatever would become of it', async () => {
      const { registry, repository } = await stage(gzipSync(manifest.bytes), READS);
      const error = await registryErrorOf(registry.fetchManifest(repository, manifest.digest, quiet()));
      expect(error.code).toBe('mismatch');
    });

    it('is no listing', async () => {
      const { registry, repository, traffic, host } = await stage(BOMB, READS);
      const error = await registryErrorOf(registry.list(repository, quiet()));
      expect(error.message).toContain('the list of tags is not a JSON object');
      expect(traffic.hosts().get(host)?.bytesIn).toBe(READS * BOMB.length);
    });

    it('is the blob whose digest it has, and no other', async () => {
      const { registry, repository } = await stage(BOMB);
      const blob = { mediaType: 'application/octet-stream', digest: digestOf(BOMB), size: BOMB.length };
      const body = await readAll(await registry.openBlob(repository, blob, quiet()));
      expect(body.equals(BOMB)).toBe(true);
    });
  },
);

describe('a bomb', () => {
  it('is no token', async () => {
    const bomb = BOMB.subarray(0, 200_000);
    const step = {
      request: /^GET \/token/,
      answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb },
    };
    const server = await scriptedServer((url) => [
      {
        request: /^HEAD/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      ...Array.from({ length: READS }, () => step),
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(asked)).message).toContain('its answer has no token');
  });

  it('is no error either', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const server = await scriptedServer([{ request: /^POST/, answer: { status: 400, headers, body: BOMB } }]);
    const asked = clientForTest().registry.startUpload(repositoryAt(server, 'app'), quiet());
    const error = await registryErrorOf(asked);
    expect(error.status).toBe(400);
    expect(error.message).not.toContain('token');
    expect(error.message.length).toBeLessThan(2000);
  });
});
