// Covers src/http/spec-errors.ts

import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry, Fault, FaultAct } from '../../src/embedded-registry/embedded-registry.ts';
import type { Repository } from '../../src/image/repository.ts';
import type { WriteRegistry } from '../../src/ports/registry.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainWith,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../adapters/oci/client.ts';
import { image, layer, push } from '../builders/images.ts';
import { FakeClock } from '../doubles/fake-clock.ts';

const LARGE = layer('impossible large', 600 * 1024);
const CONTENT = image({ seed: 'impossible', layers: [LARGE] });
const { manifest } = CONTENT;
const [CONFIG = LARGE] = CONTENT.blobs;

type Ask = (registry: WriteRegistry, server: EmbeddedRegistry) => Promise<unknown>;
type Operation = readonly [name: string, which: Omit<Fault, 'act'>, ask: Ask];

const MOUNT: Operation = [
  'a mount',
  { method: 'POST' },
  async (registry, server) => {
    const mount = { digest: LARGE.digest, from: app(server) };
    expect(await registry.mountBlob(other(server), mount, quiet())).toBe('mounted');
  },
];
const OPEN: Operation = [
  'the opening of an upload',
  { method: 'POST' },
  (registry, server) => registry.startUpload(other(server), quiet()),
];
const GET_MANIFEST: Operation = [
  'the GET of a manifest',
  { method: 'GET', path: /manifests/ },
  (registry, server) => registry.fetchManifest(app(server), manifest.digest, quiet()),
];
const GET_LARGE: Operation = [
  'the GET of a large blob',
  { method: 'GET', path: /blobs/ },
  async (registry, server) => {
    const body = await registry.openBlob(app(server), descriptorOf(LARGE), quiet());
    expect((await readAll(body)).equals(LARGE.bytes)).toBe(true);
  },
];
const GET_SMALL: Operation = [
  'the GET of a small blob',
  { method: 'GET', path: /blobs/ },
  (registry, server) => registry.openBlob(app(server), descriptorOf(CONFIG), quiet()),
];
const HEAD: Operation = [
  'the HEAD of a tag',
  { method: 'HEAD' },
  (registry, server) => registry.resolve(app(server), tagOf('v1'), quiet()),
];
const PUT_CHILD: Operation = [
  'the PUT of a manifest by its digest',
  { method: 'PUT' },
  (registry, server) => registry.putManifest(app(server), { reference: manifest.digest, manifest }, quiet()),
];
const PUT_TAG: Operation = [
  'the PUT of a tag',
  { method: 'PUT' },
  (registry, server) => registry.putManifest(app(server), { reference: tagOf('v2'), manifest }, quiet()),
];

const PAGE: FaultAct = {
  kind: 'status',
  status: 200,
  headers: { 'Content-Type': 'text/html' },
  body: '<p>Log in',
};
const BARE: FaultAct = { kind: 'status', status: 401 };
const RANGE: FaultAct = refusal(416, 'RANGE_INVALID');

/** Who cannot mean what is answered, the answer, and the status that the failure has if it lasts. */
const IMPOSSIBLE: readonly (readonly [what: string, act: FaultAct, status: number, Operation])[] = [
  ...[MOUNT, OPEN, GET_MANIFEST, GET_LARGE, HEAD, PUT_CHILD, PUT_TAG].map(
    (operation) => ['401 without a challenge', BARE, 401, operation] as const,
  ),
  ['a web page', PAGE, 200, OPEN],
  ...[GET_MANIFEST, GET_LARGE, GET_SMALL, HEAD, OPEN, PUT_TAG].map(
    (operation) => ['416 without a range', RANGE, 416, operation] as const,
  ),
  ...['MANIFEST_INVALID', 'DIGEST_INVALID'].flatMap((code) =>
    [PUT_CHILD, PUT_TAG].map((operation) => [`400 ${code}`, refusal(400, code), 400, operation] as const),
  ),
  ['400 DIGEST_INVALID among others', refusal(400, 'SIZE_INVALID', 'DIGEST_INVALID'), 400, PUT_TAG],
];
const CASES = IMPOSSIBLE.map(([what, act, status, [name, which, ask]]) => ({
  what,
  act,
  status,
  name,
  which,
  ask,
}));

describe('an answer that cannot be true', () => {
  it.each(CASES)('is retried three times: $what to $name', async ({ act, which, ask }) => {
    const { server, client, clock } = await setUp();
    server.addFault({ ...which, act, times: 3 });
    await ask(client.registry, server);
    expect(clock.waits).toEqual([750, 1500, 3000]);
    expect(client.traffic.hosts().get(server.host)).toMatchObject({ retries: 3 });
  });

  it.each(CASES)(
    'is believed in the end, and at once from then on: $what to $name',
    async ({ act, status, which, ask }) => {
      const { server, client, clock } = await setUp();
      server.addFault({ ...which, act, times: Infinity });
      // a HEAD that is refused is followed by a GET
      if (which.method === 'HEAD') server.addFault({ path: /manifests/, act, times: Infinity });
      const fail = async () => registryErrorOf(ask(client.registry, server));
      const asked = () =>
        server.requests.filter(({ method, path }) => method === which.method && path !== '/v2/').length;
      expect(await fail()).toMatchObject({ status, temporary: false });
      expect(clock.waits).toEqual([750, 1500, 3000]);
      expect(asked()).toBe(4);
      expect(await fail()).toMatchObject({ status, temporary: false });
      expect(asked()).toBe(5);
    },
  );
});

it('an implausible response that was accepted for one repository is retried for another', async () => {
  const { server, client } = await setUp();
  push(server, 'other', CONTENT, 'v1');
  const resolve = (repository: Repository) => client.registry.resolve(repository, tagOf('v1'), quiet());
  server.addFault({ path: /app\/manifests/, act: BARE, times: Infinity });
  await registryErrorOf(resolve(app(server)));
  server.addFault({ path: /other\/manifests/, act: BARE, times: 3 });
  expect(await resolve(other(server))).toBe(manifest.digest);
});

describe('an answer that may be true is believed at once', () => {
  it.each<[string, FaultAct, Operation]>([
    ['403', refusal(403, 'DENIED'), PUT_TAG],
    ['400 with another code', refusal(400, 'TAG_INVALID'), PUT_TAG],
    ['400 with the code of a manifest', refusal(400, 'MANIFEST_INVALID'), GET_MANIFEST],
    ['404', refusal(404, 'NAME_UNKNOWN'), PUT_TAG],
    ['405', refusal(405, 'UNSUPPORTED'), OPEN],
  ])('%s', async (_what, act, [, which, ask]) => {
    const { server, client, clock } = await setUp();
    server.addFault({ ...which, act, times: Infinity });
    await registryErrorOf(ask(client.registry, server));
    expect(clock.waits).toEqual([]);
    expect(server.requests.filter(({ method }) => method === which.method)).toHaveLength(1);
  });
});

describe('416 with a range', () => {
  it('is believed at once', async () => {
    const { server, client, clock } = await setUp();
    const [, which, ask] = GET_LARGE;
    server.addFault({ ...which, act: { kind: 'truncate' } });
    server.addFault({ ...which, act: RANGE, times: Infinity });
    await registryErrorOf(ask(client.registry, server));
    expect(clock.waits).toEqual([]);
    expect(server.requests.map(({ status }) => status)).toEqual([200, 416]);
  });
});

describe('401 without a challenge', () => {
  it('in the middle of a run with tokens is met with a new one', async () => {
    const server = await embeddedForTest({ auth: { kind: 'token', users: { cip: 'pw' } } });
    push(server, 'app', CONTENT, 'v1');
    const keychain = keychainWith({ kind: 'basic', username: 'cip', password: 'pw' });
    const { registry } = clientForTest({ keychain });
    const resolve = () => registry.resolve(app(server), tagOf('v1'), quiet());
    await resolve();
    server.addFault({ method: 'HEAD', act: BARE });
    expect(await resolve()).toBe(manifest.digest);
    const tokens = server.requests.filter(({ kind }) => kind === 'token');
    expect(tokens).toHaveLength(2);
  });
});

describe('416 of a token service', () => {
  it('is retried as well', async () => {
    const server = await embeddedForTest({ auth: { kind: 'token', users: {}, anonymousPull: true } });
    push(server, 'app', CONTENT, 'v1');
    server.addFault({ kind: 'token', act: RANGE });
    const { registry } = clientForTest();
    expect(await registry.resolve(app(server), tagOf('v1'), quiet())).toBe(manifest.digest);
    server.addFault({ kind: 'token', act: RANGE, times: Infinity });
    const asked = registry.resolve(repositoryAt(server, 'other'), tagOf('v1'), quiet());
    expect(await registryErrorOf(asked)).toMatchObject({ status: 416 });
    expect(server.requests.filter(({ kind }) => kind === 'token')).toHaveLength(6);
  });
});

describe('a page instead of a manifest or a large blob', () => {
  it.each([
    ['HEAD', HEAD, 'the answer is a web page, not a manifest'],
    ['GET', GET_LARGE, `the registry has 9 bytes of a blob of ${LARGE.bytes.length}`],
  ] as const)('is read again, three times at most: %s', async (_method, [, which, ask], words) => {
    const { server, client } = await setUp();
    server.addFault({ ...which, act: PAGE, times: 3 });
    await ask(client.registry, server);
    expect(server.requests).toHaveLength(4);
    server.addFault({ ...which, act: PAGE, times: Infinity });
    expect((await registryErrorOf(ask(client.registry, server))).message).toContain(words);
    expect(server.requests).toHaveLength(8);
  });
});

async function setUp() {
  const server = await embeddedForTest();
  push(server, 'app', CONTENT, 'v1');
  const clock = new FakeClock();
  return { server, clock, client: clientForTest({ clock }) };
}

function app(server: EmbeddedRegistry): Repository {
  return repositoryAt(server, 'app');
}

function other(server: EmbeddedRegistry): Repository {
  return repositoryAt(server, 'other');
}

function refusal(status: number, ...codes: readonly string[]): FaultAct {
  const errors = codes.map((code) => ({ code, message: 'no' }));
  return { kind: 'status', status, body: JSON.stringify({ errors }) };
}
