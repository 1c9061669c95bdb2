// Covers src/http/http1/request-writer.ts

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Method, StreamBody } from '../../../src/http/request.ts';
import { FakeTimers } from '../../doubles/fake-timers.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { allClosed, BROKEN_OFF, firstPlays, outcomeOf, serveNext, soon, wireTo } from './asking.ts';

const REASON = new Error('the source is broken');

/** A body of this size that is really made of these pieces. */
function bodyOf(size: number, ...pieces: readonly (string | Error)[]): StreamBody & { source: Readable } {
  const rest = [...pieces];
  const source = new Readable({
    read() {
      const next = rest.shift();
      if (next instanceof Error) this.destroy(next);
      // one by one: a pause lets each be sent
      else setImmediate(() => this.push(next === undefined ? null : Buffer.from(next)));
    },
  });
  return { size, open: () => Promise.resolve(source), source };
}

/** Sends a body and another request after it, with all that each connection has received. */
async function sendBoth(body: StreamBody) {
  const server = await RawServer.start(serveNext);
  const send = wireTo(server);
  const first = await outcomeOf(send('/first', { method: 'PUT', body })).catch((error: unknown) => error);
  const second = await outcomeOf(send('/second'));
  const received = server.connections.map((connection) => connection.received.toString('latin1'));
  return { server, first, second, received };
}

describe('a body that is shorter than its size', () => {
  it.each([
    ['by one byte', bodyOf(6, 'hello')],
    ['by a piece', bodyOf(10, 'he', 'llo')],
    ['by all', bodyOf(5)],
    ['as bytes', { size: 6, open: () => Promise.resolve(Buffer.from('hello')) }],
  ])('is no request, and the next one is not taken for the rest: %s', async (_what, body) => {
    const { server, first, second, received } = await sendBoth(body);
    expect(first).not.toHaveProperty('status');
    // it is noticed at once
    expect(first).toMatchObject({ message: expect.not.stringMatching(/was not complete/) });
    expect(second).toMatchObject({ status: 200, body: 'next' });
    expect(received.at(-1)).toMatch(/^GET \/second /);
    await soon('the first connection is closed', () => server.open === 1);
  });
});

describe('a body that is longer than its size', () => {
  it.each([
    ['by one byte', bodyOf(4, 'hello')],
    ['by a piece', bodyOf(5, 'hello', 'GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n')],
    ['in its last piece', bodyOf(7, 'he', 'llo', 'world')],
    ['by all', bodyOf(0, 'hello')],
    ['as bytes', { size: 4, open: () => Promise.resolve(Buffer.from('hello')) }],
  ])('is cut or not sent, and never becomes a request: %s', async (_what, body) => {
    const { first, second, received } = await sendBoth(body);
    if (body.size > 0) expect(first).not.toHaveProperty('status');
    expect(second).toMatchObject({ status: 200, body: 'next' });
    for (const text of received.filter((all) => all.startsWith('PUT'))) {
      const sent = text.slice(text.indexOf('\r\n\r\n') + 4);
      expect(sent).toMatch(new RegExp(`^(?:[a-z]{0,${body.size}}$|[a-z]{${body.size}}GET /second )`));
    }
    expect(received.at(-1)).toMatch(/GET \/second /);
  });
});

describe('a body that fails', () => {
  it.each([
    ['before its first byte', bodyOf(10, REASON)],
    ['in the middle', bodyOf(10, 'hello', REASON)],
    ['after its last byte', bodyOf(10, 'hello', 'world', REASON)],
  ])('%s fails with its own error, and closes the connection', async (what, body) => {
    const { server, first, second } = await sendBoth(body);
    // after the last byte the answer may have been faster
    if (what !== 'after its last byte' || first === REASON) expect(first).toBe(REASON);
    expect(second).toMatchObject({ status: 200, body: 'next' });
    await soon('one connection is left at most', () => server.open <= 1);
  });

  it('to open is not sent', async () => {
    const { first, second, received } = await sendBoth({ size: 5, open: () => Promise.reject(REASON) });
    expect(first).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/the source is broken/),
    });
    expect(second).toMatchObject({ body: 'next' });
    expect(received.join('')).not.toContain('/first');
  });

  it('because it is destroyed without an error closes the connection', async () => {
    const server = await RawServer.start(serveNext);
    const body = bodyOf(10, 'hello');
    const asked = outcomeOf(wireTo(server)('/x', { method: 'PUT', body }));
    body.source.once('data', () => setImmediate(() => body.source.destroy()));
    await expect(asked).rejects.toThrow('Premature close');
    await allClosed(server);
  });
});

describe('a body arrives as it is', () => {
  it.each([
    ['in one piece', ['hello world']],
    ['in many pieces', Array.from('hello world')],
    ['with what looks like a request', ['0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']],
  ])('%s', async (_what, pieces) => {
    const text = pieces.join('');
    const server = await RawServer.start(async (connection) => {
      const request = await connection.request();
      expect(request?.line).toBe('PUT /x HTTP/1.1');
      expect(request?.body.toString()).toBe(text);
      expect(request?.headers).toMatchObject({ 'content-length': String(text.length), host: server.host });
      expect(request?.headers).not.toHaveProperty('transfer-encoding');
      await connection.send(rawAnswer(['HTTP/1.1 201 Created', 'Content-Length: 0']));
    });
    const asked = wireTo(server)('/x', { method: 'PUT', body: bodyOf(text.length, ...pieces) });
    expect(await outcomeOf(asked)).toMatchObject({ status: 201 });
  });

  it.each<[Method, string | undefined, Uint8Array | StreamBody | undefined]>([
    ['POST', '0', undefined],
    ['PUT', '0', undefined],
    ['PATCH', '0', undefined],
    ['POST', '0', new Uint8Array()],
    ['PUT', '0', bodyOf(0)],
    ['GET', undefined, undefined],
    ['HEAD', undefined, undefined],
    ['PUT', '3', Buffer.from('abc')],
  ])('%s says its length: %s', async (method, length, body) => {
    const server = await RawServer.start(async (connection) => {
      const request = await connection.request();
      expect(request?.headers['content-length']).toBe(length);
      await connection.send(rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 0']));
    });
    const asked = wireTo(server)('/x', { method, ...(body !== undefined && { body }) });
    expect(await outcomeOf(asked)).toMatchObject({ status: 200 });
  });
});

describe('bytes to a server that never reads', () => {
  it('end with the time limit', async () => {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        connection.stopReading();
        await soon('the test reads on', () => connection.isClosed);
      }),
    );
    const timers = new FakeTimers();
    const send = wireTo(server, { startTimer: timers.start });
    const asked = outcomeOf(send('/x', { method: 'PUT', body: Buffer.alloc(2 ** 26) }));
    await soon('the connection is there', () => server.connections.length === 1);
    timers.end();
    expect(await asked).toMatchObject(BROKEN_OFF);
    server.connections[0]?.readOn();
    await allClosed(server);
    expect(await outcomeOf(send('/y'))).toMatchObject({ body: 'next' });
  });
});
