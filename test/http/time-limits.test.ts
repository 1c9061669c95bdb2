import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { drain, watchStream } from '../../src/base/byte-stream.ts';
import type { HttpRequest } from '../../src/http/request.ts';
import { limitUpload } from '../../src/http/time-limits.ts';
import { createWire } from '../../src/http/wire.ts';
import { quiet, readAll, registryErrorOf, repositoryAt, until } from '../adapters/oci/client.ts';
import { FakeTimers } from '../doubles/fake-timers.ts';
import { rawAnswer, type Script, scriptedServer } from '../doubles/scripted-server.ts';
import { turns } from '../doubles/waiting.ts';

async function setUp(script: Script) {
  const server = await scriptedServer(script);
  const timers = new FakeTimers();
  const wire = createWire({ originOf: () => server.url, startTimer: timers.start });
  onTestFinished(wire.close);
  const send = (path: string, parts: Partial<HttpRequest> = {}) =>
    wire.send({
      method: 'GET',
      url: new URL(path, server.url),
      host: server.host,
      repository: repositoryAt(server, 'app'),
      headers: {},
      scopes: [],
      signal: quiet(),
      ...parts,
    });
  return { server, timers, send };
}

const MINUTE = 60_000;

describe('an answer that is read whole', () => {
  it.each([
    ['in its headers', 'HTTP/1.1 200 OK\r\nx-drip: '],
    ['before its headers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3)],
    ['in its body', rawAnswer(['HTTP/1.1 200 OK', 'content-length: 100'], 'drip')],
  ])('and is not complete after five minutes is given up %s', async (_where, raw) => {
    const { server, timers, send } = await setUp([{ request: 'GET /x', answer: { raw, ending: 'open' } }]);
    const asked = send('/x');
    await until(() => server.requests.length === 1);
    expect(timers.running).toEqual([5 * MINUTE]);
    timers.end();
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unreachable', temporary: true });
    expect(error.message).toBe(`GET ${server.url}/x: the answer was not complete after 300 s`);
    await until(() => server.connections === 0);
    expect(timers.running).toEqual([]);
  });

  it('has less time where its request says so', async () => {
    const { server, timers, send } = await setUp([
      { request: 'GET /x', answer: { raw: 'HTTP/1.1 200 OK\r\nx-drip: ', ending: 'open' } },
    ]);
    const asked = send('/x', { totalLimit: 30_000 });
    await until(() => server.requests.length === 1);
    expect(timers.running).toEqual([30_000]);
    timers.end();
    const { message } = await registryErrorOf(asked);
    expect(message).toBe(`GET ${server.url}/x: the answer was not complete after 30 s`);
  });

  it('leaves no timer behind', async () => {
    const { timers, send } = await setUp([{ request: 'GET /x', answer: { status: 200, body: 'x' } }]);
    await send('/x');
    expect(timers.running).toEqual([]);
  });

  it('has its time from its first byte on, after a large body', async () => {
    const raw = 'HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\n';
    const { server, timers, send } = await setUp([{ request: 'PUT /x', answer: { raw, ending: 'open' } }]);
    const source = new Readable({ read: () => {} });
    const asked = send('/x', { method: 'PUT', body: { size: 5, open: () => Promise.resolve(source) } });
    await until(() => server.connections === 1);
    expect(timers.running).toEqual([5 * MINUTE]); // of the body
    source.push('hello');
    source.push(null);
    await until(() => server.requests.length === 1 && source.closed && timers.running.length === 1);
    timers.end();
    expect((await registryErrorOf(asked)).message).toContain('the answer was not complete after 300 s');
  });
});

describe('an answer that is a stream', () => {
  const HEAD = ['HTTP/1.1 200 OK', 'content-length: 1000000'];

  async function streamOf(sent: string) {
    const raw = rawAnswer(HEAD, sent);
    const { server, timers, send } = await setUp([{ request: 'GET /x', answer: { raw, ending: 'open' } }]);
    const { stream } = await send('/x', { answer: 'stream' });
    if (stream === undefined) throw new Error('no stream');
    const errors: unknown[] = [];
    let count = 0;
    const onPiece = (length: number) => {
      count += length;
    };
    const read = () => {
      drain(watchStream(stream, { onPiece })).catch((error: unknown) => errors.push(error));
    };
    return { server, timers, stream, errors, read, received: () => count };
  }

  it('is given up where less than 1 KiB comes in a second', async () => {
    const { server, timers, errors, read, received } = await streamOf('x'.repeat(1000));
    read();
    await until(() => received() === 1000);
    expect(timers.running).toEqual([2 * MINUTE]);
    timers.end();
    await until(() => errors.length > 0);
    expect(errors).toMatchObject([
      {
        code: 'unreachable',
        temporary: true,
        message: `GET ${server.url}/x: the server sends less than 1024 bytes per second`,
      },
    ]);
    await until(() => server.connections === 0);
    expect(timers.running).toEqual([]);
  });

  it('goes on where enough came, and is judged again', async () => {
    const { timers, errors, read, received } = await streamOf('x'.repeat(200_000));
    read();
    await until(() => received() === 200_000);
    timers.end();
    expect(timers.running).toEqual([2 * MINUTE]);
    expect(errors).toEqual([]);
    timers.end();
    await until(() => errors.length > 0);
  });

  it('is not blamed for a reader that does not read', async () => {
    const { server, timers, stream } = await streamOf('x'.repeat(1000));
    const pieces = stream[Symbol.asyncIterator]();
    await pieces.next();
    timers.end();
    timers.end();
    expect(server.connections).toBe(1);
    expect(timers.running).toEqual([2 * MINUTE]);
    stream.destroy();
    expect(timers.running).toEqual([]);
    await expect(pieces.next()).rejects.toThrow();
  });
});

describe('a body that is sent', () => {
  async function upload(pieces: readonly Buffer[]) {
    const { server, timers, send } = await setUp([
      { request: 'PUT /x', early: true, answer: { raw: '', ending: 'open' } },
    ]);
    const source = new Readable({ read: () => {} });
    for (const piece of pieces) source.push(piece);
    const body = { size: 2 ** 30, open: () => Promise.resolve(source) };
    const stop = new AbortController();
    const asked = send('/x', { method: 'PUT', body, signal: stop.signal });
    return { server, timers, source, asked, stop };
  }

  it('is given up where the server takes less than 1 KiB in a second', async () => {
    const { server, timers, source, asked } = await upload(Array<Buffer>(400).fill(Buffer.alloc(65_536)));
    await until(() => server.requests.length === 1);
    const failed = registryErrorOf(asked);
    // the first time much was taken by what lies between; then nothing is
    for (let before = -1; before !== source.readableLength; await turns(50)) before = source.readableLength;
    timers.end();
    timers.end();
    const error = await failed;
    expect(error).toMatchObject({ code: 'unreachable', temporary: true });
    expect(error.message).toBe(`PUT ${server.url}/x: the server takes less than 1024 bytes per second`);
    expect(source.destroyed).toBe(true);
  });

  it('is not given up where there is nothing to take', async () => {
    const { server, timers, source, asked, stop } = await upload([Buffer.alloc(1000)]);
    await until(() => server.requests.length === 1);
    timers.end();
    timers.end();
    expect(source.destroyed).toBe(false);
    expect(timers.running).toEqual([5 * MINUTE]);
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await until(() => timers.running.length === 0);
  });
});

describe('a window of a body that is sent', () => {
  function setUpLimit() {
    const timers = new FakeTimers();
    const failures: unknown[] = [];
    const source = new Readable({ read: () => {} });
    const host = 'r.example.com';
    const request: HttpRequest = {
      method: 'PUT',
      url: new URL(`https://${host}/x`),
      host,
      repository: repositoryAt({ host }, 'app'),
      headers: {},
      scopes: [],
      signal: quiet(),
    };
    const giveUp = (error: Error) => failures.push(error);
    const stream = limitUpload(source, { request, startTimer: timers.start, giveUp });
    return { timers, failures, source, stream, pieces: stream[Symbol.asyncIterator]() };
  }

  it('does not count where the server waited for bytes at its beginning, or at its end', async () => {
    const { timers, failures, source, pieces } = setUpLimit();
    const first = pieces.next();
    timers.end();
    source.push(Buffer.alloc(1000));
    await first;
    timers.end();
    expect(failures).toEqual([]);
    timers.end();
    expect(failures).toMatchObject([{ code: 'unreachable', temporary: true }]);
  });

  it('ends when the body is destroyed while the server takes a piece', async () => {
    const { timers, source, stream, pieces } = setUpLimit();
    source.push(Buffer.alloc(1000));
    await pieces.next();
    expect(timers.running).toEqual([5 * MINUTE]);
    stream.destroy();
    expect(timers.running).toEqual([]);
    expect(source.destroyed).toBe(true);
  });
});

describe('a body that says it is compressed', () => {
  it.each(['buffer', 'stream'] as const)('was not asked for, and is taken as it is (%s)', async (answer) => {
    const bomb = gzipSync(Buffer.alloc(10 * 2 ** 20));
    const { send } = await setUp([
      {
        request: 'GET /x',
        check: ({ headers }) => expect(headers['accept-encoding']).toBe('identity'),
        answer: { status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb },
      },
    ]);
    const response = await send('/x', { answer });
    expect((await readAll(response.stream ?? response.body)).equals(bomb)).toBe(true);
  });
});
