// Covers src/auditor/server/read-body.ts
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { request } from 'undici';
import type { Answer } from '../../../src/auditor/auditor.ts';
import { noCounts } from '../../../src/auditor/counts.ts';
import { type ServerParts, startAuditServer } from '../../../src/auditor/server/audit-server.ts';
import { allowAll } from '../../../src/auditor/server/authorizer.ts';
import { gate } from '../gate.ts';

async function start(parts: Partial<ServerParts> = {}, maxMessages = 100, port = 0) {
  const counts = noCounts();
  const errors: string[] = [];
  const hard = new AbortController();
  const server = await startAuditServer(
    { port, host: '127.0.0.1', maxMessages },
    {
      audit: async ({ body }) => ({ status: 200, body: `${body.length}\n` }),
      authorize: allowAll,
      unreadiness: () => undefined,
      renderMetrics: () => 'cip_x 1\n',
      counts,
      onError: (reason) => errors.push(reason),
      signal: hard.signal,
      ...parts,
    },
  );
  onTestFinished(() => server.close());
  const send = async (path: string, options: Parameters<typeof request>[1] = {}) => {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${server.port}${path}`, options);
    return { status: statusCode, headers, text: await body.text() };
  };
  const post = (body: string | Buffer, path = '/') => send(path, { method: 'POST', body });
  return { server, counts, errors, hard, send, post };
}

describe('the server', () => {
  it.each(['/', '/any/path?x=1', '/healthz'])('takes messages at %s', async (path) => {
    const { post } = await start();
    expect(await post('12345', path)).toMatchObject({ status: 200, text: '5\n' });
  });

  it('passes the path on without its query, which may have a token in it', async () => {
    const { post } = await start({ audit: async ({ path }) => ({ status: 200, body: path }) });
    expect(await post('x', '/path?token=secret')).toMatchObject({ text: '/path' });
    expect(await post('x', '/?a?b')).toMatchObject({ text: '/' });
  });

  it('answers probes and scrapers', async () => {
    let reason: string | undefined = 'manifests not read yet';
    const { send } = await start({ unreadiness: () => reason });
    expect(await send('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await send('/readyz')).toMatchObject({ status: 503, text: 'manifests not read yet\n' });
    reason = undefined;
    expect(await send('/readyz?verbose')).toMatchObject({ status: 200, text: 'ready\n' });
    expect(await send('/metrics')).toMatchObject({ status: 200, text: 'cip_x 1\n' });
    expect(await send('/healthz', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await send('/')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(await send('/', { method: 'DELETE' })).toMatchObject({ status: 405 });
  });

  it('refuses a body of more than 1 MiB, with and without its length', async () => {
    const { post, send, counts } = await start();
    expect(await post(Buffer.alloc(1024 * 1024))).toMatchObject({ status: 200 });
    expect(await post(Buffer.alloc(1024 * 1024 + 1)).catch(() => ({ status: 413 }))).toMatchObject({
      status: 413,
    });
    async function* chunks() {
      for (let one = 0; one < 20; one++) yield Buffer.alloc(64 * 1024);
    }
    const chunked = send('/', { method: 'POST', body: Readable.from(chunks()) });
    expect(await chunked.catch(() => ({ status: 413 }))).toMatchObject({ status: 413 });
    expect(counts.inFlight).toBe(0);
    expect(counts.responses.get(413)).toBe(2);
  });

  it('refuses messages beyond its limit with 429, and takes them again afterwards', async () => {
    const opened = gate<Answer>();
    const { post, counts } = await start({ audit: () => opened.promise }, 2);
    const held = [post('a'), post('b')];
    while (counts.inFlight < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await post('c')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    opened.resolve({ status: 200, body: 'judged\n' });
    for (const one of held) expect(await one).toMatchObject({ status: 200, text: 'judged\n' });
    expect(await post('d')).toMatchObject({ status: 200 });
  });

  it('refuses senders: 401 for a wrong token, 503 where it cannot be verified', async () => {
    for (const [kind, status] of [
      ['refused', 401],
      ['unavailable', 503],
    ] as const) {
      const { post } = await start({ authorize: async () => ({ kind, reason: 'why' }) });
      expect(await post('x')).toMatchObject({ status, text: 'why\n' });
    }
  });

  it('tells the client nothing of an unexpected error', async () => {
    const { post, errors, counts } = await start({
      audit: () => Promise.reject(new Error('ENOSPC: disk full')),
    });
    expect(await post('x')).toMatchObject({ status: 500, text: 'internal error\n' });
    expect(errors).toEqual(['ENOSPC: disk full']);
    expect(counts.inFlight).toBe(0);
  });

  it('survives a client that goes away, and one that speaks no HTTP', async () => {
    const { server, post, counts } = await start();
    for (const text of [
      'POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf',
      'nonsense\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const socket = connect(server.port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      await new Promise((resolve) => socket.write(text, resolve));
      if (text.startsWith('POST')) socket.destroy();
      else await new Promise((resolve) => socket.on('data', () => {}).once('close', resolve));
    }
    expect(await post('x')).toMatchObject({ status: 200 });
    while (counts.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(Array.from(counts.responses), 'a client that has gone got no response').toEqual([[200, 1]]);
  });

  it('answers what is in flight when it closes, and abandons it when it must', async () => {
    const opened = gate<Answer>();
    const first = await start({ audit: () => opened.promise });
    const held = first.post('a');
    while (first.counts.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
    const closed = first.server.close();
    await expect(first.post('late')).rejects.toThrow();
    opened.resolve({ status: 200, body: 'judged\n' });
    expect(await held).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await closed;

    const second = await start({
      audit: (_, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ status: 500, body: 'stopping\n' })),
        ),
    });
    const abandoned = second.post('a');
    while (second.counts.inFlight < 1) await new Promise((resolve) => setImmediate(resolve));
    const ended = second.server.close();
    second.hard.abort();
    expect(await abandoned).toMatchObject({ status: 500 });
    await ended;
  });

  it('is refused a port that is not free', async () => {
    const { server } = await start();
    await expect(start({}, 100, server.port)).rejects.toThrow(/EADDRINUSE/);
  });
});
