import { createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAbort } from '../../src/base/errors.ts';
import type { Fault } from '../../src/embedded-registry/embedded-registry.ts';
import { createWire } from '../../src/http/wire.ts';
import type { Clock } from '../../src/ports/clock.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  quiet,
  readAll,
  repositoryAt,
  tagOf,
  until,
} from '../adapters/oci/client.ts';
import { image, layer, push } from '../builders/images.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { rawAnswer, scriptedServer } from '../doubles/scripted-server.ts';

const SMALL = layer('small');
const LARGE = layer('large', 2 ** 21);
const REASON = new Error('enough');

/** An embedded registry with a fault, a client with one slot, and a signal to abort. */
async function setUp(fault?: Fault, clock: Clock = new FakeClock()) {
  const server = await embeddedForTest(fault === undefined ? {} : { faults: [fault] });
  push(server, 'app', image({ seed: 'abort', layers: [SMALL, LARGE] }), 'v1');
  const stop = new AbortController();
  const { registry } = clientForTest({ threads: 1, clock });
  return { server, registry, repository: repositoryAt(server, 'app'), stop };
}

describe('an aborted signal ends a request', () => {
  it.each([
    ['HEAD', 'resolve'],
    ['GET', 'list'],
    ['GET of a small blob', 'small'],
    ['GET of a large blob', 'large'],
  ] as const)('that waits for its answer: %s', async (_what, which) => {
    const { server, registry, repository, stop } = await setUp({ act: { kind: 'stall' } });
    const asked = {
      resolve: () => registry.resolve(repository, tagOf('v1'), stop.signal),
      list: () => registry.list(repository, stop.signal),
      small: () => registry.openBlob(repository, descriptorOf(SMALL), stop.signal),
      large: () => registry.openBlob(repository, descriptorOf(LARGE), stop.signal),
    }[which]();
    await until(() => server.requests.length === 1);
    stop.abort(REASON);
    await expect(asked).rejects.toBe(REASON);
  });

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('in the middle of its body (%s)', async (_size, blob) => {
    const { server, registry, repository, stop } = await setUp({ act: { kind: 'stall-mid-body' } });
    const asked = registry.openBlob(repository, descriptorOf(blob), stop.signal).then(readAll);
    await until(() => (server.requests[0]?.bytesOut ?? 0) > 0);
    stop.abort(REASON);
    await expect(asked).rejects.toBe(REASON);
  });

  it('while its body is being read', async () => {
    const { registry, repository, stop } = await setUp({ act: { kind: 'stall-mid-body' } });
    const body = await registry.openBlob(repository, descriptorOf(LARGE), stop.signal);
    if (body instanceof Uint8Array) throw new Error('expected a stream');
    const read = body[Symbol.asyncIterator]();
    await read.next();
    stop.abort(REASON);
    const rest = (async () => {
      while (!(await read.next()).done);
    })();
    await expect(rest).rejects.toBe(REASON);
  });

  it('while nobody reads its body', async () => {
    const { server, registry, repository, stop } = await setUp({ act: { kind: 'stall-mid-body' } });
    const body = await registry.openBlob(repository, descriptorOf(LARGE), stop.signal);
    await until(() => server.stalled === 1);
    stop.abort(REASON);
    await until(() => server.stalled === 0);
    await expect(readAll(body)).rejects.toBe(REASON);
  });

  it('while it waits to be sent again', async () => {
    const stop = new AbortController();
    const clock: Clock = {
      wallTime: () => 0,
      monotonic: () => 0,
      random: () => 0.5,
      sleep: (_milliseconds, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(REASON));
          stop.abort(REASON);
        }),
    };
    const { server, registry, repository } = await setUp({ act: { kind: 'status', status: 503 } }, clock);
    const asked = registry.list(repository, stop.signal);
    await expect(asked).rejects.toSatisfy((thrown) => isAbort(thrown, stop.signal));
    expect(server.requests).toHaveLength(1);
  });

  it('while it waits for a slot, together with the one that has it', async () => {
    const { server, registry, repository, stop } = await setUp({ act: { kind: 'stall' } });
    const first = registry.list(repository, stop.signal);
    const second = registry.list(repository, stop.signal);
    await until(() => server.requests.length === 1);
    stop.abort(REASON);
    expect(await Promise.allSettled([first, second])).toEqual([
      { status: 'rejected', reason: REASON },
      { status: 'rejected', reason: REASON },
    ]);
    expect(server.requests).toHaveLength(1);
    expect(await registry.list(repository, quiet())).toMatchObject({ kind: 'tags' });
  });

  it('while it waits for a slot that another one keeps: it is never sent', async () => {
    const { server, registry, repository, stop } = await setUp({ act: { kind: 'stall' } });
    const other = new AbortController();
    const first = registry.list(repository, other.signal);
    const second = registry.resolve(repository, tagOf('v1'), stop.signal);
    await until(() => server.requests.length === 1);
    stop.abort(REASON);
    other.abort();
    await expect(first).rejects.toBe(other.signal.reason);
    await expect(second).rejects.toBe(REASON);
    expect(server.requests).toHaveLength(1);
  });

  it('while it waits for a token', async () => {
    const server = await embeddedForTest({
      auth: { kind: 'token', users: {}, anonymousPull: true },
      faults: [{ kind: 'token', act: { kind: 'stall' } }],
    });
    const stop = new AbortController();
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    const asked = registry.list(repository, stop.signal);
    await until(() => server.requests.length === 2);
    stop.abort(REASON);
    await expect(asked).rejects.toBe(REASON);
    expect(await registry.list(repository, quiet())).toEqual({ kind: 'missing' });
  });

  it('while it is being sent, and lets go of its source and connection', async () => {
    const server = await scriptedServer([
      { request: /^PUT/, early: true, answer: { raw: '', ending: 'open' } },
    ]);
    const source = new Readable({ read: () => {} });
    source.push(Buffer.alloc(1000));
    const stop = new AbortController();
    const repository = repositoryAt(server, 'app');
    const asked = clientForTest().registry.finishUpload(
      {
        session: { repository, location: `${server.url}/up`, received: 0 },
        blob: descriptorOf(LARGE),
        open: () => Promise.resolve(source),
      },
      stop.signal,
    );
    await until(() => server.requests.length === 1);
    stop.abort(REASON);
    await expect(asked).rejects.toBe(REASON);
    await until(() => source.destroyed && server.connections === 0);
  });

  it.each(['buffer', 'stream'] as const)('while it waits for a connection (%s)', async (answer) => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket)); // never says a word of TLS
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const wire = createWire({ originOf: (named) => `https://${named}` });
    onTestFinished(async () => {
      await wire.close();
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    const address = mute.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const host = `127.0.0.1:${address.port}`;
    const stop = new AbortController();
    const url = new URL(`https://${host}/`);
    const asked = wire.send({
      method: 'GET',
      url,
      host,
      repository: repositoryAt({ host }, 'app'),
      headers: {},
      scopes: [],
      answer,
      signal: stop.signal,
    });
    await until(() => sockets.length === 1);
    stop.abort(REASON);
    await expect(asked).rejects.toBe(REASON);
  });
});

describe('a connection is given up', () => {
  it.each<[string, number, string]>([
    ['an answer of another kind', 1, rawAnswer(['HTTP/1.1 206 Partial Content'], 'abc')],
    ['an answer of another length', 4, rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 5'], 'abc')],
    ['an answer that is too large', 1, rawAnswer(['HTTP/1.1 200 OK'], 'x'.repeat(LARGE.bytes.length + 1))],
  ])('after %s', async (_what, reads, raw) => {
    const step = { request: /^GET/, answer: { raw, ending: 'open' } } as const;
    const server = await scriptedServer(Array.from({ length: reads }, () => step));
    const { registry } = clientForTest();
    const asked = registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet());
    await expect(asked.then(readAll)).rejects.toThrow();
    await until(() => server.connections === 0);
  });
});
