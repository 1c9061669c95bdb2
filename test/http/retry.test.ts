import { describe, expect, it } from 'vitest';
import { failureBefore, messageOf } from '../../src/base/errors.ts';
import type { EmbeddedRegistryOptions, FaultAct } from '../../src/embedded-registry/embedded-registry.ts';
import type { Log } from '../../src/ports/log.ts';
import {
  clientForTest,
  embeddedForTest,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../adapters/oci/client.ts';
import { image, layer, push } from '../builders/images.ts';
import { uploadBlob } from '../system/contract/push-through-port.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';

const CONTENT = image({ seed: 'retry' });
const ATTEMPTS = 5;

async function setUp(options: EmbeddedRegistryOptions = {}) {
  const server = await embeddedForTest(options);
  push(server, 'app', CONTENT, 'v1');
  const clock = new FakeClock();
  const client = clientForTest({ clock });
  const repository = repositoryAt(server, 'app');
  const resolve = () => client.registry.resolve(repository, tagOf('v1'), quiet());
  return { server, clock, client, repository, resolve };
}

function status(code: number, headers?: Record<string, string>): FaultAct {
  return { kind: 'status', status: code, ...(headers && { headers }) };
}

describe('a temporary failure', () => {
  it.each<[string, FaultAct]>([
    ['408', status(408)],
    ['425', status(425)],
    ['429', status(429)],
    ['500', status(500)],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
    ['a reset before the headers', { kind: 'reset' }],
    ['a lost answer', { kind: 'lost-answer' }],
  ])('is asked again: %s', async (_what, act) => {
    const { server, client, resolve } = await setUp();
    server.addFault({ act, times: ATTEMPTS - 1 });
    expect(await resolve()).toBe(CONTENT.manifest.digest);
    expect(client.traffic.hosts().get(server.host)).toMatchObject({
      requests: ATTEMPTS,
      retries: ATTEMPTS - 1,
    });
  });

  it.each<[string, FaultAct]>([
    ['a reset in the middle', { kind: 'reset-mid-body' }],
    ['a body that ends too early', { kind: 'truncate' }],
  ])('is asked again: %s', async (_what, act) => {
    const { server, client, repository } = await setUp();
    server.addFault({ act, times: ATTEMPTS - 1 });
    const { digest, bytes } = CONTENT.manifest;
    const manifest = await client.registry.fetchManifest(repository, digest, quiet());
    expect(Buffer.from(manifest?.bytes ?? []).equals(bytes)).toBe(true);
  });

  it.each([
    ['PUT of a manifest', 'manifest-put', 'tag'],
    ['POST that opens an upload', 'upload-start', 'upload'],
    ['POST that mounts', 'mount', 'mount'],
  ] as const)('is asked again: %s', async (_what, kind, operation) => {
    const { server, client, repository } = await setUp();
    server.addFault({ kind, act: status(503), times: 2 });
    server.addFault({ kind, act: { kind: 'reset' } });
    const [blob] = CONTENT.blobs;
    if (operation === 'tag') {
      const put = { reference: tagOf('v2'), manifest: CONTENT.manifest };
      await client.registry.putManifest(repository, put, quiet());
    } else if (operation === 'upload') {
      await client.registry.startUpload(repository, quiet());
    } else {
      const mount = { digest: blob!.digest, from: repository };
      expect(await client.registry.mountBlob(repositoryAt(server, 'other'), mount, quiet())).toBe('mounted');
    }
    expect(client.traffic.hosts().get(server.host)?.retries).toBe(3);
  });

  it('waits longer each time, with jitter', async () => {
    const { server, clock, resolve } = await setUp();
    server.addFault({ act: status(503), times: ATTEMPTS - 1 });
    await resolve();
    expect(clock.waits).toEqual([750, 1500, 3000, 3000]);
  });
});

describe('a host that refuses connections', () => {
  it('is asked again once, after 1 s, and not at all for further requests, if it has never answered', async () => {
    const { server, clock, client, resolve } = await setUp();
    await server.close();
    const error = await registryErrorOf(resolve());
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toContain('ECONNREFUSED');
    expect(clock.waits).toEqual([1000]);
    await registryErrorOf(resolve());
    expect(clock.waits).toEqual([1000]);
    expect(client.traffic.hosts().get(server.host)).toMatchObject({ requests: 3, retries: 1 });
  });

  it('is waited for if it has answered before', async () => {
    const { server, clock, resolve } = await setUp();
    await resolve();
    await server.close();
    await registryErrorOf(resolve());
    expect(clock.waits.slice(0, 4)).toEqual([750, 1500, 3000, 3000]);
    expect(clock.waits.length).toBeGreaterThan(4); // as long as a restart may take
  });
});

it('a wait is logged with its reason, a long one at a higher level', async () => {
  const { server, repository } = await setUp();
  const lines: unknown[] = [];
  const log: Log = { write: (...line) => lines.push(line) };
  const { registry } = clientForTest({ log });
  const { host } = server;
  server.addFault({ act: status(503) });
  server.addFault({ act: status(429, { 'Retry-After': '5' }) });
  await registry.resolve(repository, tagOf('v1'), quiet());
  expect(lines).toEqual([
    ['debug', 'retrying', { host, wait: 750, why: 'status 503' }],
    ['info', 'retrying', { host, wait: 5000, why: 'status 429' }],
  ]);
});

describe('Retry-After', () => {
  it.each([
    ['seconds', '7', 7000],
    ['no seconds', '0', 750],
    ['minutes', '840', 840_000],
    ['what cannot be understood', 'soon', 750],
  ])('is obeyed in %s', async (_what, value, expected) => {
    const { server, clock, resolve } = await setUp();
    server.addFault({ act: status(429, { 'Retry-After': value }) });
    await resolve();
    expect(clock.waits[0]).toBe(expected);
  });

  it('of more than an hour is not waited for: the answer is final', async () => {
    const { server, clock, resolve } = await setUp();
    server.addFault({ act: status(429, { 'Retry-After': '86400' }) });
    const error = await registryErrorOf(resolve());
    expect(error).toMatchObject({ code: 'unavailable', status: 429 });
    expect(error.message).toContain('(it asks to wait 86400 s, and is waited for 3600 s at most)');
    expect(clock.waits).toEqual([]);
  });

  it('is obeyed as a date', async () => {
    const { server, clock, resolve } = await setUp();
    const [now, later] = [0, 90_000].map((after) => new Date(clock.wallTime() + after).toUTCString());
    server.addFault({ act: status(503, { 'Retry-After': later ?? '', Date: now ?? '' }) });
    await resolve();
    expect(clock.waits).toEqual([90_000]);
  });

  it('of the past does not shorten the wait', async () => {
    const { server, clock, resolve } = await setUp();
    server.addFault({ act: status(503, { 'Retry-After': new Date(0).toUTCString() }) });
    await resolve();
    expect(clock.waits).toEqual([750]);
  });

  it('of a token service is obeyed too', async () => {
    const server = await embeddedForTest({ auth: { kind: 'token', users: {}, anonymousPull: true } });
    push(server, 'app', CONTENT, 'v1');
    server.addFault({ kind: 'token', act: status(429, { 'Retry-After': '20' }) });
    const clock = new FakeClock();
    const { registry } = clientForTest({ clock });
    expect(await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet())).toBe(
      CONTENT.manifest.digest,
    );
    expect(clock.waits).toEqual([20_000]);
  });

  it('is told to whoever has to start over', async () => {
    const { server, client, repository } = await setUp();
    server.addFault({ kind: 'upload-put', act: status(429, { 'Retry-After': '20' }) });
    const error = await registryErrorOf(uploadBlob(client.registry, repository, { blob: layer('over') }));
    expect(error).toMatchObject({ code: 'unavailable', temporary: true, retryAfterMs: 20_000 });
  });
});

describe('a lasting failure', () => {
  it.each<[number, string, Record<string, string>?]>([
    [400, 'refused'],
    [401, 'unauthorized', { 'WWW-Authenticate': 'Negotiate' }],
    [405, 'refused'],
    [501, 'unexpected'],
  ])('is not asked again: %i is %s', async (code, expected, headers) => {
    const { server, client, repository } = await setUp();
    server.addFault({ act: status(code, headers), times: Infinity });
    const asked = client.registry.fetchManifest(repository, CONTENT.manifest.digest, quiet());
    expect(await registryErrorOf(asked)).toMatchObject({
      code: expected,
      status: code,
      temporary: false,
    });
    expect(client.traffic.hosts().get(server.host)).toMatchObject({ requests: 1, retries: 0 });
  });

  it('is not asked again: 404', async () => {
    const { server, client, repository } = await setUp();
    expect(await client.registry.resolve(repository, tagOf('absent'), quiet())).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('ends as unavailable, in the words of the server', async () => {
    const { server, client, repository } = await setUp();
    const errors = [{ code: 'TOOMANYREQUESTS', message: 'quota exceeded', detail: { limit: 5 } }];
    server.addFault({
      kind: 'tags',
      act: { kind: 'status', status: 429, body: JSON.stringify({ errors }) },
      times: Infinity,
    });
    const error = await registryErrorOf(client.registry.list(repository, quiet()));
    expect(error).toMatchObject({ code: 'unavailable', status: 429, temporary: true });
    expect(error.message).toBe(
      `GET ${server.url}/v2/app/tags/list: 429: TOOMANYREQUESTS: quota exceeded ({"limit":5})`,
    );
    const { requests = 0, throttled } = client.traffic.hosts().get(server.host) ?? {};
    expect(requests).toBeGreaterThan(ATTEMPTS);
    expect(throttled).toBe(requests);
  });

  it('is asked again for ten minutes where it refuses for want of quota', async () => {
    const { server, client, clock, repository } = await setUp();
    const begun = clock.monotonic();
    server.addFault({ kind: 'tags', act: status(429), times: Infinity });
    await registryErrorOf(client.registry.list(repository, quiet()));
    const minutes = (clock.monotonic() - begun) / 60_000;
    expect(minutes).toBeGreaterThan(9);
    expect(minutes).toBeLessThan(11);
  });

  it('is waited for as long as a restart takes where the host has answered before', async () => {
    const { server, clock, resolve } = await setUp();
    await resolve();
    const begun = clock.monotonic();
    server.addFault({ act: { kind: 'reset' }, times: Infinity });
    expect(await registryErrorOf(resolve())).toMatchObject({ code: 'unreachable' });
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(30_000);
    expect(server.requests.length).toBeLessThanOrEqual(1 + 13);
  });

  it('is not waited for as long where the host has never answered: it may not be there at all', async () => {
    const { server, resolve } = await setUp();
    server.addFault({ act: { kind: 'reset' }, times: Infinity });
    for (const requests of [ATTEMPTS, 2 * ATTEMPTS]) {
      await registryErrorOf(resolve());
      expect(server.requests).toHaveLength(requests);
    }
  });

  it('ends as unreachable where connections are lost', async () => {
    const { server, resolve } = await setUp();
    server.addFault({ act: { kind: 'reset' }, times: Infinity });
    expect(await registryErrorOf(resolve())).toMatchObject({ code: 'unreachable', temporary: true });
    expect(server.requests).toHaveLength(ATTEMPTS);
  });

  it('is told once for a body that cannot be sent again', async () => {
    const { server, client, repository } = await setUp();
    server.addFault({ kind: 'upload-put', act: status(503), times: Infinity });
    const error = await registryErrorOf(uploadBlob(client.registry, repository, { blob: layer('once') }));
    expect(error).toMatchObject({ code: 'unavailable', status: 503, temporary: true });
    expect(server.requests.filter(({ kind }) => kind === 'upload-put')).toHaveLength(1);
  });
});

describe('the words of a refusal', () => {
  const long = 'x'.repeat(1000);
  const many = [1, 2, 3, 4, 5, 6].map((number) => `{"code":"A","message":"${number}"}`).join();
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  it.each<[string, string, string]>([
    ['an empty body', '', 'no reason given'],
    ['plain text', 'no such project', 'no such project'],
    ['HTML', '<html><b>Bad</b>\n<i>request</i></html>', 'Bad request'],
    ['JSON of another kind', '{"errors":"none"}', '{"errors":"none"}'],
    ['an error without a message', '{"errors":[{"code":"DENIED"}]}', 'DENIED'],
    ['what is no error in between', '{"errors":[null,{"code":"A","message":"b"}]}', 'A: b'],
    ['more errors than anybody reads', `{"errors":[${many}]}`, 'A: 1; A: 2; A: 3; A: 4; A: 5'],
    [
      'a detail without end',
      `{"errors":[{"code":"A","message":"b","detail":${deep}}]}`,
      'A: b (a detail too deep to show)',
    ],
    ['a forged line', '{"errors":[{"code":"A","message":"b\\n\\u001b[31mc"}]}', 'A: b \\u001b[31mc'],
    ['a long message', `{"errors":[{"code":"A","message":"${long}"}]}`, `A: ${'x'.repeat(200)}…`],
  ])('are made from %s', async (_what, body, expected) => {
    const server = await scriptedServer([{ request: /^GET/, answer: { status: 400, body } }]);
    const error = await registryErrorOf(clientForTest().registry.list(repositoryAt(server, 'app'), quiet()));
    expect(error.message).toBe(`GET ${server.url}/v2/app/tags/list: 400: ${expected}`);
  });

  it('are not expected of an answer to HEAD', async () => {
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 405 } },
      { request: /^GET/, answer: { status: 405 } },
    ]);
    const asked = clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect((await registryErrorOf(asked)).message).toContain('405: no reason given (an answer to HEAD');
  });

  it.each(['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN'])('%s tells that content is missing', async (code) => {
    const body = { errors: [{ code: 'OTHER' }, { code, message: 'unknown' }] };
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 404 } },
      { request: /^PUT/, answer: { status: 404, body } },
    ]);
    const put = { reference: tagOf('v1'), manifest: CONTENT.manifest };
    const asked = clientForTest().registry.putManifest(repositoryAt(server, 'app'), put, quiet());
    expect((await registryErrorOf(asked)).code).toBe('unknown-blob');
  });
});

it.each<[string, FaultAct, RegExp]>([
  ['an answer', status(503), /^HEAD .*\/manifests\/v1: status 503$/],
  ['a lost connection', { kind: 'reset' }, /^HEAD .*\/manifests\/v1: .*reset/i],
])('an abort between two attempts tells what the first one failed with: %s', async (_what, act, words) => {
  const { server, repository } = await setUp();
  server.addFault({ act, times: ATTEMPTS });
  const stop = new AbortController();
  const clock = new FakeClock();
  clock.sleep = async () => {
    stop.abort();
    stop.signal.throwIfAborted();
  };
  const { registry } = clientForTest({ clock });
  const error: unknown = await registry
    .resolve(repository, tagOf('v1'), stop.signal)
    .catch((thrown) => thrown);
  expect(messageOf(failureBefore(error, stop.signal))).toMatch(words);
});
