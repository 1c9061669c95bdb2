import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  clientForTest,
  descriptorOf,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../adapters/oci/client.ts';
import { image, layer } from '../builders/images.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { rawAnswer, type ScriptedAnswer, scriptedServer } from '../doubles/scripted-server.ts';

const { manifest } = image({ seed: 'invalid answers' });
const KIB = 1024;
const CHUNKED = 'Transfer-Encoding: chunked';

describe('an answer that is not valid HTTP', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'it does not begin with HTTP/'],
    ['a frame of HTTP/2', '\0\0\u0012\u0004\0\0\0\0\0', 'it does not begin with HTTP/'],
    [
      'an unknown version',
      rawAnswer(['HTTP/9.9 200 OK', 'Content-Length: 0']),
      'its version is not HTTP/1.1',
    ],
    ['no status', rawAnswer(['HTTP/1.1 abc']), 'its status is not a number of three digits'],
    [
      'a status of four digits',
      rawAnswer(['HTTP/1.1 2000 OK']),
      'its status is not a number of three digits',
    ],
    ['status 0', rawAnswer(['HTTP/1.1 000 OK', 'Content-Length: 0']), 'its status makes no sense'],
    ['status 101', rawAnswer(['HTTP/1.1 101 Switching']), 'it switches to another protocol'],
    [
      'an upgrade',
      rawAnswer(['HTTP/1.1 101 S', 'Upgrade: h2c', 'Connection: Upgrade']),
      'it switches to another',
    ],
    [
      'bare line feeds',
      'HTTP/1.1 404 Not Found\nContent-Length: 0\n\n',
      'a line of its headers does not end with CR and LF',
    ],
    [
      'a bare carriage return',
      rawAnswer(['HTTP/1.1 404 N', 'A: b\rC: d']),
      'a line of its headers does not end with CR and LF',
    ],
    ['a header without a colon', rawAnswer(['HTTP/1.1 404 N', 'Bad']), 'a header has no colon'],
    ['a folded header', rawAnswer(['HTTP/1.1 404 N', 'A: b', '  c']), 'a header begins with white space'],
    ['a control character', rawAnswer(['HTTP/1.1 404 N', 'A: b\0']), 'a header has a control character'],
    [
      'a length and chunks',
      rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 3', CHUNKED]),
      'it has both Content-Length and Transfer-Encoding',
    ],
    [
      'chunks and a length',
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED, 'Content-Length: 3']),
      'it has both Content-Length and Transfer-Encoding',
    ],
    [
      'two lengths',
      rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 0', 'Content-Length: 1']),
      'it has more than one Content-Length',
    ],
    [
      'a negative length',
      rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: -1']),
      'its Content-Length is not a number of bytes',
    ],
    [
      'an endless length',
      rawAnswer(['HTTP/1.1 200 OK', `Content-Length: ${'9'.repeat(30)}`]),
      'its Content-Length',
    ],
    [
      'a chunk of no size',
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED], 'zz\r\n'),
      'the size of a chunk is not a hexadecimal number',
    ],
    [
      'a chunk that is too long',
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '1\r\nlong\r\n'),
      'a chunk is longer than its size',
    ],
  ])('is final, and named in words: %s', async (_what, raw, words) => {
    const { message, ...error } = await failureOf({ raw, ending: 'close' });
    expect(error).toMatchObject({ code: 'unexpected', temporary: false, waits: [] });
    expect(message).toMatch(/^GET \S+: its answer is not valid HTTP: /);
    expect(message).toContain(words);
  });

  it('is recognised if it is TLS', async () => {
    const raw = Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46]);
    const { message } = await failureOf({ raw, ending: 'close' });
    expect(message).toMatch(/it does not begin with HTTP\/; it seems to speak https: put its authority/);
  });

  it('ends a blob in the middle: it is not asked for again', async () => {
    const blob = layer('invalid', 700 * KIB);
    const raw = rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '5\r\nhello\r\nzz\r\n');
    const server = await scriptedServer([{ request: /^GET .*blobs/, answer: { raw, ending: 'open' } }]);
    const { registry } = clientForTest();
    const asked = registry.openBlob(repositoryAt(server, 'app'), descriptorOf(blob), quiet()).then(readAll);
    expect((await registryErrorOf(asked)).message).toContain(
      'its answer is not valid HTTP: the size of a chunk',
    );
  });
});

describe('an answer that breaks off', () => {
  it.each([
    ['before its status', ''],
    ['in its status', 'HTTP/1.1 20'],
    ['in its headers', 'HTTP/1.1 200 OK\r\nConnection: close\r\nConte'],
  ])('is asked for again: %s', async (_what, raw) => {
    expect((await answerAfter({ raw, ending: 'close' })).toString()).toBe(manifest.bytes.toString());
    const { message } = await failureOf({ raw, ending: 'close' }, 5);
    expect(message).toMatch(/: it closed the connection without an answer$/);
  });

  it.each([
    ['of a length', rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 9'], 'half')],
    [
      'of a length, with Connection: close',
      rawAnswer(['HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 9'], 'half'),
    ],
    ['of HTTP/1.0', rawAnswer(['HTTP/1.0 200 OK', 'Content-Length: 9'], 'half')],
    ['of chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '9\r\nhalf')],
    [
      'of chunks, with Connection: close',
      rawAnswer(['HTTP/1.1 200 OK', 'Connection: close', CHUNKED], '9\r\nhalf'),
    ],
  ])('in its body is asked for again: %s', async (_what, raw) => {
    expect((await answerAfter({ raw, ending: 'close' })).toString()).toBe(manifest.bytes.toString());
    const { message } = await failureOf({ raw, ending: 'close' }, 5);
    expect(message).toMatch(/: it closed the connection in the middle of its answer$/);
  });
});

describe('the headers of an answer', () => {
  it.each([
    ['one of 21 KB', { 'x-debug': 'x'.repeat(21_000) }],
    ['one of 256 KiB', { 'x-debug': 'x'.repeat(256 * KIB) }],
    ['ten thousand', { 'x-debug': Array.from({ length: 10_000 }, () => 'x'.repeat(15)) }],
  ])('may be many: %s', async (_what, headers) => {
    const server = await scriptedServer([
      {
        request: /^HEAD/,
        answer: { status: 200, headers: { ...headers, 'docker-content-digest': manifest.digest } },
      },
    ]);
    const found = await clientForTest().registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    expect(found).toBe(manifest.digest);
  });

  it('are refused at once above 256 KiB', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', `X-Debug: ${'x'.repeat(300 * KIB)}`]);
    const { message, ...error } = await failureOf({ raw, ending: 'close' });
    expect(error).toMatchObject({ code: 'unexpected', temporary: false, waits: [] });
    expect(message).toMatch(/: the headers of its answer have more than 256 KiB$/);
  });
});

describe('an answer without a body', () => {
  it.each([204, 304])('is whole with its headers, whatever length they promise: %i', async (status) => {
    const raw = rawAnswer([`HTTP/1.1 ${status} X`, 'Content-Length: 5']);
    expect(await failureOf({ raw, ending: 'open' })).toMatchObject({ code: 'unexpected', status });
  });

  it('is the one to HEAD: a body that comes nevertheless spoils no later answer', async () => {
    const head = rawAnswer(['HTTP/1.1 404 Not Found', 'Content-Length: 9'], 'not found');
    const step = { request: /^HEAD/, answer: { raw: head, ending: 'open' } } as const;
    const server = await scriptedServer([step, step, step]);
    const { registry } = clientForTest({ threads: 1 });
    for (const tag of ['a', 'b', 'c']) {
      expect(await registry.resolve(repositoryAt(server, 'app'), tagOf(tag), quiet())).toBeUndefined();
    }
  });
});

/** What a GET fails with whose every answer is this one; `waits` are those between attempts. */
async function failureOf(answer: ScriptedAnswer, times = 1) {
  const clock = new FakeClock();
  const server = await scriptedServer(Array.from({ length: times }, () => ({ request: /^GET/, answer })));
  const { registry } = clientForTest({ clock });
  const asked = registry.fetchManifest(repositoryAt(server, 'app'), manifest.digest, quiet());
  const { code, temporary, status, message } = await registryErrorOf(asked);
  return { code, temporary, status, message, waits: clock.waits };
}

/** What a GET brings whose first answer is this one. */
async function answerAfter(answer: ScriptedAnswer): Promise<Buffer> {
  const good = { status: 200, headers: { 'content-type': manifest.mediaType }, body: manifest.bytes };
  const server = await scriptedServer([
    { request: /^GET/, answer },
    { request: /^GET/, answer: good },
  ]);
  const { registry } = clientForTest();
  const found = await registry.fetchManifest(repositoryAt(server, 'app'), manifest.digest, quiet());
  expect(digestOf(found?.bytes ?? new Uint8Array())).toBe(manifest.digest);
  return Buffer.from(found?.bytes ?? new Uint8Array());
}
