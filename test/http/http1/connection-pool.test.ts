import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Dial } from '../../../src/http/http1/connection.ts';
import { ConnectionPool } from '../../../src/http/http1/connection-pool.ts';
import type { HttpRequest } from '../../../src/http/request.ts';
import { dispatch } from '../../../src/http/dispatch.ts';
import { systemTimer } from '../../../src/http/time-limits.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { outcomeOf, requestTo, serveNext, soon } from '../hostile/asking.ts';

/** A pool to a server, and the number of dialed connections; `fails` makes dials fail. */
function poolTo(server: RawServer, limit: number) {
  const state = { dials: 0, fails: 0 };
  const dial: Dial = async (onread) => {
    state.dials += 1;
    if (state.fails > 0) {
      state.fails -= 1;
      throw new Error('refused');
    }
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port), onread });
    await once(socket, 'connect');
    return socket;
  };
  const pool = new ConnectionPool(dial, limit);
  onTestFinished(() => pool.close());
  const send = (path: string, parts: Partial<HttpRequest> = {}) => {
    const request = requestTo(server, path, parts);
    const route = { pool, target: path, headers: { host: server.host } };
    const { body } = parts;
    if (body !== undefined && !(body instanceof Uint8Array)) throw new Error('not sent here');
    return dispatch(request, { route, body, startTimer: systemTimer, userAgent: undefined });
  };
  return { pool, send, state };
}

describe('a pool of connections', () => {
  it('sends requests one after the other over one connection', async () => {
    const server = await RawServer.start(serveNext);
    const { send, state } = poolTo(server, 8);
    for (let round = 0; round < 20; round++)
      expect(await outcomeOf(send('/x'))).toMatchObject({ body: 'next' });
    expect(state.dials).toBe(1);
  });

  it('dials for a request whose connection is closed before it is idle', async () => {
    const server = await RawServer.start(async (connection) => {
      await connection.request();
      await connection.send(rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 4'], 'next'), 'surplus');
      await connection.closed();
    });
    const { send, state } = poolTo(server, 8);
    for (let round = 0; round < 20; round++)
      expect(await outcomeOf(send('/x'))).toMatchObject({ body: 'next' });
    expect(state.dials).toBeGreaterThan(1);
  });

  it('dials no more than its limit, also after failed dials and aborted requests', async () => {
    const server = await RawServer.start(serveNext);
    const { send, state } = poolTo(server, 2);
    state.fails = 3;
    const stop = new AbortController();
    const aborted = Array.from({ length: 4 }, () => send('/aborted', { signal: stop.signal }));
    stop.abort(new Error('enough'));
    for (const request of aborted) await expect(request).rejects.toThrow('enough');
    const asked = Array.from({ length: 10 }, () => send('/x').catch((error: unknown) => String(error)));
    const results = await Promise.all(asked);
    expect(results.filter((result) => result === 'Error: refused').length).toBeLessThanOrEqual(3);
    expect(results.filter((result) => typeof result !== 'string').length).toBeGreaterThanOrEqual(7);
    expect(server.connections.length).toBeLessThanOrEqual(2);
    expect(await outcomeOf(send('/last'))).toMatchObject({ body: 'next' });
  });

  it('dials for nobody once it is closed', async () => {
    const server = await RawServer.start((connection) => connection.closed());
    const { pool, send, state } = poolTo(server, 1);
    const asked = [outcomeOf(send('/x')), outcomeOf(send('/y'))].map((outcome) =>
      outcome.catch((error: unknown) => error),
    );
    await soon('the first request arrives', () => server.received.includes('/x'));
    pool.close();
    for (const error of await Promise.all(asked)) expect(error).toMatchObject({ code: 'closed' });
    expect(state.dials).toBe(1);
  });
});
