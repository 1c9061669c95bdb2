import { describe, expect, it } from 'vitest';
import type { RegistryError } from '../../../src/ports/registry-error.ts';
import {
  clientForTest,
  descriptorOf,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../../adapters/oci/client.ts';
import { image, layer } from '../../builders/images.ts';
import { rawAnswer, scriptedServer } from '../../doubles/scripted-server.ts';
import { type EndlessServer, endlessServer, type Head } from './endless-server.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What lies in the buffers between a server and its client, however early the client stops. */
const IN_FLIGHT = 16 * MIB;
const { manifest } = image({ seed: 'unbounded' });
const SMALL = layer('small');
const LARGE = layer('large', 2 * MIB);

type Client = ReturnType<typeof clientForTest>['registry'];
type Ask = (registry: Client, server: EndlessServer) => Promise<unknown>;

const ASK = {
  manifest: (registry, server) =>
    registry.fetchManifest(repositoryAt(server, 'app'), manifest.digest, quiet()),
  tag: (registry, server) => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet()),
  listing: (registry, server) => registry.list(repositoryAt(server, 'app'), quiet()),
  upload: (registry, server) => registry.startUpload(repositoryAt(server, 'app'), quiet()),
  write: (registry, server) =>
    registry.putManifest(repositoryAt(server, 'app'), { reference: manifest.digest, manifest }, quiet()),
  small: (registry, server) =>
    registry.openBlob(repositoryAt(server, 'app'), descriptorOf(SMALL), quiet()).then(readAll),
  large: (registry, server) =>
    registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet()).then(readAll),
} as const satisfies Record<string, Ask>;

/** What comes of asking a server that never ends its answer; nobody may be connected to it in the end. */
async function askEndless(
  ask: Ask,
  head: Parameters<typeof endlessServer>[0],
): Promise<{ error: RegistryError; server: EndlessServer }> {
  const server = await endlessServer(head);
  const error = await registryErrorOf(ask(clientForTest().registry, server));
  await server.quiet();
  return { error, server };
}

describe('an answer that never ends (CVE-2020-1702)', () => {
  const ok: Head = { status: 200, start: '{"tags":["v1"]' };
  const promised: Head = { status: 200, headers: { 'content-length': String(2 ** 50) } };

  it.each([
    ['a manifest', ASK.manifest, ok, 4 * MIB],
    ['a manifest of a petabyte', ASK.manifest, promised, 4 * MIB],
    ['a manifest by its tag', ASK.tag, ok, 4 * MIB],
    ['a listing', ASK.listing, ok, 64 * MIB],
    ['a small blob', ASK.small, ok, 512 * KIB],
    ['an upload', ASK.upload, { status: 202, headers: { location: '/up/1' } }, 64 * KIB],
    ['a write', ASK.write, { status: 201 }, 64 * KIB],
  ] satisfies [string, Ask, Head, number][])('of %s is cut', async (_what, ask, head, limit) => {
    const { error, server } = await askEndless(ask, () => head);
    expect(error).toMatchObject({ temporary: error.code === 'mismatch' });
    expect(error.message).toMatch(
      error.code === 'mismatch'
        ? /bytes of a blob of/
        : new RegExp(`the answer is larger than ${limit} bytes$`),
    );
    expect(server.sent).toBeLessThan(limit + IN_FLIGHT);
  });

  it('of a large blob is cut where the blob should have ended', async () => {
    const { error, server } = await askEndless(ASK.large, () => ok);
    expect(error).toMatchObject({ code: 'mismatch' });
    expect(server.sent).toBeLessThan(2 * MIB + IN_FLIGHT);
  });

  it.each([400, 403, 404, 500, 503])('of an error %i is cut, and its beginning told', async (status) => {
    for (const ask of [ASK.upload, ASK.write, ASK.large]) {
      const { error, server } = await askEndless(ask, () => ({ status, start: 'the beginning. ' }));
      expect(error).toMatchObject({ status });
      expect(error.message).toMatch(new RegExp(`: ${status}: the beginning\\.`));
      expect(error.message.length).toBeLessThan(500);
      expect(server.sent).toBeLessThan(server.requests.length * IN_FLIGHT);
    }
  });

  it('of a token service is cut', async () => {
    const { error, server } = await askEndless(ASK.tag, ({ url = '' }, origin) =>
      url.startsWith('/token')
        ? { status: 200, start: '{"token":"' }
        : { status: 401, headers: { 'www-authenticate': `Bearer realm="${origin}/token"` } },
    );
    expect(error.message).toMatch(/\/token.*: the answer is larger than 262144 bytes$/);
    expect(server.sent).toBeLessThan(2 * IN_FLIGHT);
  });

  it('of a redirect is cut', async () => {
    const { error } = await askEndless(ASK.upload, () => ({ status: 307, headers: { location: '/up' } }));
    expect(error.code).toBe('unexpected');
    expect(error.message).toContain('more than 5 redirects');
  });
});

describe('headers that never end', () => {
  it.each([
    ['many of them', Array.from({ length: 5000 }, (_, number) => `x-${number}: ${'y'.repeat(100)}`)],
    ['one of them', [`x: ${'y'.repeat(10 * MIB)}`]],
  ])('are refused: %s', async (_what, headers) => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', ...headers, 'content-length: 0']);
    const server = await scriptedServer([{ request: /^HEAD/, answer: { raw, ending: 'close' } }]);
    const asked = clientForTest().registry.hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message.length).toBeLessThan(500);
  });

  it('make no endless message of a challenge', async () => {
    const challenge = `Bearer realm="${'r'.repeat(12_000)}"`;
    const answer = { status: 401, headers: { 'www-authenticate': challenge } };
    const server = await scriptedServer([
      { request: /^HEAD/, answer },
      { request: /^GET/, answer },
    ]);
    const asked = clientForTest().registry.hasBlob(repositoryAt(server, 'app'), SMALL.digest, quiet());
    expect((await registryErrorOf(asked)).message.length).toBeLessThan(1000);
  });

  it('make no slow parsing of a challenge', async () => {
    // for each of these a careless pattern would try every way to divide them
    const challenges = [
      'Bearer '.repeat(1500),
      `Bearer ${'a'.repeat(12_000)}`,
      `Bearer realm="${'\\'.repeat(12_000)}`,
      `Bearer ${'a =  '.repeat(2000)}`,
      `Bearer realm=${'"'.repeat(12_000)}`,
      `${', '.repeat(6000)}Bearer`,
    ];
    const server = await scriptedServer(
      challenges.map((challenge) => ({
        request: /^GET/,
        answer: { status: 401, headers: { 'www-authenticate': challenge } },
      })),
    );
    for (const _ of challenges) {
      const asked = clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
      expect((await registryErrorOf(asked)).status ?? 401).toBe(401);
    }
  });
});
