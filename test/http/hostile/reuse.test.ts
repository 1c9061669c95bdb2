// Covers src/http/http1/connection.ts

import { describe, expect, it } from 'vitest';
import { createWire } from '../../../src/http/wire.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import {
  allClosed,
  askTwice,
  BROKEN_OFF,
  CHUNKED,
  firstPlays,
  NEXT,
  outcomeOf,
  requestTo,
  serveNext,
  soon,
  withHeaders,
  wireTo,
} from './asking.ts';

const LENGTH = 'Content-Length: 5';
const REASON = new Error('enough');

describe('a connection is used again', () => {
  it.each([
    ['after a length', withHeaders(LENGTH)],
    ['after chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '0\r\n\r\n')],
    ['after an error', rawAnswer(['HTTP/1.1 500 X', LENGTH], 'hello')],
    ['after no content', rawAnswer(['HTTP/1.1 204 X'])],
    ['where the server says so', withHeaders(LENGTH, 'Connection: keep-alive')],
    ['where the server says so in capitals', withHeaders(LENGTH, 'Connection: Keep-Alive')],
    ['where the server names another header', withHeaders(LENGTH, 'Connection: x-closed, unclose')],
    ['where another header says close', withHeaders(LENGTH, 'X-Connection: close', 'X: close')],
    ['where the server keeps it for long', withHeaders(LENGTH, 'Keep-Alive: timeout=60, max=100')],
    ['where the server keeps it for how long is unclear', withHeaders(LENGTH, 'Keep-Alive: timeout=soon')],
  ])('%s', async (_what, raw) => {
    expect(await askTwice(raw)).toMatchObject({ second: { body: 'next' }, connections: 1 });
  });

  it('after a rest', async () => {
    const server = await RawServer.start(serveNext);
    const send = wireTo(server);
    for (const _round of [1, 2, 3]) {
      expect(await outcomeOf(send())).toMatchObject({ body: 'next' });
      await turns(50);
    }
    expect(server.connections).toHaveLength(1);
  });

  it('many times', async () => {
    const server = await RawServer.start(serveNext);
    const send = wireTo(server);
    for (let round = 0; round < 100; round++) {
      const method = (['GET', 'PUT', 'POST', 'DELETE'] as const)[round % 4] ?? 'GET';
      const body = method === 'PUT' ? Buffer.alloc(round * 100) : undefined;
      expect(await outcomeOf(send('/x', { method, ...(body && { body }) }))).toMatchObject({ body: 'next' });
    }
    expect(server.connections).toHaveLength(1);
  });
});

describe('the limits of an answer are not those of its connection:', () => {
  it.each([
    ['its headers', withHeaders(LENGTH, `X: ${'x'.repeat(20_000)}`)],
    ['its trailers', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `0\r\nX: ${'x'.repeat(8000)}\r\n\r\n`)],
    ['extensions of its chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `0;${'x'.repeat(2000)}\r\n\r\n`)],
    ['its body', rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 60000'], 'x'.repeat(60_000))],
  ])('%s', async (_what, raw) => {
    const server = await RawServer.start(async (connection) => {
      while ((await connection.request()) !== undefined) await connection.send(raw);
    });
    const send = wireTo(server);
    for (let round = 0; round < 40; round++) expect(await outcomeOf(send())).toMatchObject({ status: 200 });
    expect(server.connections).toHaveLength(1);
  });
});

describe('a connection is closed by the client', () => {
  it.each([
    ['where the server says so', withHeaders(LENGTH, 'Connection: close')],
    ['where the server says so in capitals', withHeaders(LENGTH, 'CONNECTION: CLOSE')],
    ['where the server says so among others', withHeaders(LENGTH, 'Connection: x, close , y')],
    ['where the server says both', withHeaders(LENGTH, 'Connection: keep-alive, close')],
    ['where the server says both in two headers', withHeaders(LENGTH, 'Connection: x', 'Connection: close')],
    ['after an answer without a body', rawAnswer(['HTTP/1.1 204 X', 'Connection: close'])],
    ['after chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED, 'Connection: close'], '0\r\n\r\n')],
    ['after HTTP/1.0', rawAnswer(['HTTP/1.0 200 OK', LENGTH], 'hello')],
    ['where the server keeps it for no time', withHeaders(LENGTH, 'Keep-Alive: timeout=0')],
  ])('%s', async (_what, raw) => {
    const both = await askTwice(raw);
    expect(both).toMatchObject({ first: { body: expect.any(String) }, second: { body: 'next' } });
    expect(both.connections).toBe(2);
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(raw);
      }),
    );
    await outcomeOf(wireTo(server)());
    await allClosed(server);
  });

  // less than the half minute after which any idle connection is closed
  it('where the server keeps it for a second, before or soon after', { timeout: 25_000 }, async () => {
    const server = await RawServer.start(async (connection) => {
      await connection.request();
      await connection.send(withHeaders(LENGTH, 'Keep-Alive: timeout=1'));
      await connection.closed();
    });
    expect(await outcomeOf(wireTo(server)())).toMatchObject({ body: 'hello' });
    await server.connections[0]?.closed();
  });

  it.each(['while nothing is asked', 'while an answer is awaited', 'while a request waits for its turn'])(
    'that is closed itself, %s',
    async (when) => {
      const server = await RawServer.start(
        firstPlays(async (connection) => {
          await connection.request();
          if (when === 'while nothing is asked') await connection.send(NEXT);
          await connection.closed();
        }),
      );
      const wire = createWire({ originOf: () => server.url, connections: 1 });
      const asked = [outcomeOf(wire.send(requestTo(server, '/x')))];
      if (when === 'while nothing is asked') await asked[0];
      if (when === 'while a request waits for its turn')
        asked.push(outcomeOf(wire.send(requestTo(server, '/y'))));
      await soon('the request arrives', () => server.received.includes('/x'));
      await wire.close();
      await allClosed(server);
      const expected = when === 'while nothing is asked' ? { body: 'next' } : { code: 'unreachable' };
      for (const outcome of await Promise.all(asked)) expect(outcome).toMatchObject(expected);
      expect(server.received).not.toContain('/y');
    },
  );
});

describe('a connection that the server closes', () => {
  it.each(['end', 'reset'] as const)(
    'while it is idle is not used for the next request (%s)',
    async (way) => {
      const server = await RawServer.start(
        firstPlays(async (connection) => {
          await connection.request();
          await connection.send(NEXT);
          await turns(5);
          connection[way]();
        }),
      );
      const send = wireTo(server);
      expect(await outcomeOf(send('/first'))).toMatchObject({ body: 'next' });
      await allClosed(server);
      await turns(20);
      expect(await outcomeOf(send('/second'))).toMatchObject({ body: 'next' });
      expect(server.connections).toHaveLength(2);
    },
  );

  it.each(['end', 'reset'] as const)(
    'after each answer, without a word, loses no request (%s)',
    async (way) => {
      const server = await RawServer.start(async (connection) => {
        if ((await connection.request()) === undefined) return;
        await connection.send(NEXT);
        if (way === 'reset') await turns(1); // it would overtake the answer
        connection[way]();
      });
      const send = wireTo(server);
      const asked = Array.from({ length: 20 }, (_, index) => outcomeOf(send(`/${index}`)));
      for (const outcome of await Promise.all(asked)) expect(outcome).toMatchObject({ body: 'next' });
      expect(server.connections).toHaveLength(20);
    },
  );

  it.each(['end', 'reset'] as const)('instead of an answer fails that request alone (%s)', async (way) => {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(NEXT);
        await connection.request();
        connection[way]();
      }),
    );
    const send = wireTo(server);
    const asked = ['/a', '/b', '/c', '/d'].map((path) => outcomeOf(send(path)));
    const [a, b, c, d] = await Promise.all(asked);
    expect([a, c, d]).toMatchObject([{ body: 'next' }, { body: 'next' }, { body: 'next' }]);
    // it may be sent again: nothing of an answer has come
    expect(b !== undefined && 'code' in b ? b : BROKEN_OFF).toMatchObject(BROKEN_OFF);
    expect(server.connections).toHaveLength(2);
  });

  it('with a write is not sent the write again', async () => {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(NEXT);
        await connection.request();
        connection.end();
      }),
    );
    const send = wireTo(server);
    await outcomeOf(send('/a'));
    expect(await outcomeOf(send('/b', { method: 'POST', body: Buffer.from('x') }))).toMatchObject(BROKEN_OFF);
    expect(server.received.match(/POST/g)).toHaveLength(1);
  });
});

it('many connections at a time cause no warning of Node', async () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown) => warnings.push(warning);
  process.on('warning', onWarning);
  const server = await RawServer.start(serveNext);
  const send = wireTo(server, { connections: 40 });
  const asked = Array.from({ length: 200 }, (_, index) => outcomeOf(send(`/${index}`)));
  for (const outcome of await Promise.all(asked)) expect(outcome).toMatchObject({ body: 'next' });
  await turns(5); // a warning comes later
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  expect(server.connections.length).toBeLessThanOrEqual(40);
});

describe('requests that share a connection', () => {
  it('are sent one after the other', async () => {
    const server = await RawServer.start(async (connection) => {
      while ((await connection.request()) !== undefined) {
        const arrived = connection.received.length;
        await turns(50);
        expect(connection.received).toHaveLength(arrived);
        await connection.send(NEXT);
      }
    });
    const send = wireTo(server);
    const asked = Array.from({ length: 10 }, (_, index) => outcomeOf(send(`/${index}`)));
    for (const outcome of await Promise.all(asked)) expect(outcome).toMatchObject({ body: 'next' });
    expect(server.connections).toHaveLength(1);
  });

  it('may be aborted before they are sent, and the others are not', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await released;
        await connection.send(NEXT);
      }),
    );
    const send = wireTo(server);
    const stop = new AbortController();
    const first = outcomeOf(send('/first'));
    const second = send('/second', { signal: stop.signal });
    const third = outcomeOf(send('/third'));
    await soon('the first one arrives', () => server.received.includes('/first'));
    stop.abort(REASON);
    await expect(second).rejects.toBe(REASON);
    release();
    expect(await Promise.all([first, third])).toMatchObject([{ body: 'next' }, { body: 'next' }]);
    expect(server.received).not.toContain('/second');
  });

  it.each([
    ['before its answer', ''],
    ['in its headers', 'HTTP/1.1 200 OK\r\nConte'],
    ['in its body', rawAnswer(['HTTP/1.1 200 OK', LENGTH], 'he')],
    ['in its chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '5\r\nhe')],
  ])('may be aborted %s: the rest is never part of the next answer', async (_what, beginning) => {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(beginning);
        await turns(20);
        stop.abort(REASON);
        await connection.send(NEXT.replace('next', 'evil'));
        await connection.closed();
      }),
    );
    const send = wireTo(server);
    const stop = new AbortController();
    const first = send('/first', { signal: stop.signal });
    const second = outcomeOf(send('/second'));
    await expect(first).rejects.toBe(REASON);
    expect(await second).toMatchObject({ body: 'next' });
    expect(server.connections).toHaveLength(2);
  });
});
