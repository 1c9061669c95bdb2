// Covers src/http/http1/stream-memory.ts
// Covers src/http/http1/streamed-body.ts

import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { readAll } from '../../adapters/oci/client.ts';
import { type Bytes, RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { allClosed, CHUNKED, firstPlays, outcomeOf, soon, wireTo } from './asking.ts';

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
const PIECE = Buffer.alloc(MIB, 'x');
const CHUNK = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);
const REASON = new Error('enough');

const LARGE: readonly (readonly [string, readonly string[], Buffer])[] = [
  ['of a length', [`Content-Length: ${SIZE}`], PIECE],
  ['of chunks', [CHUNKED], CHUNK],
  ['until the connection ends', ['Connection: close'], PIECE],
];

/** A stream of 64 MiB, and its server. The next connections answer `next`. */
async function streamOf(headers: readonly string[], piece: Buffer, stop = new AbortController()) {
  const server = await RawServer.start(
    firstPlays(async (connection) => {
      await connection.request();
      await connection.send(rawAnswer(['HTTP/1.1 200 OK', ...headers]));
      for (let count = 0; count < SIZE / MIB; count++) await connection.send(piece);
      if (headers[0] === CHUNKED) await connection.send('0\r\n\r\n');
      if (headers[0] === 'Connection: close') connection.end();
    }),
  );
  const send = wireTo(server);
  const { stream } = await send('/x', { answer: 'stream', signal: stop.signal });
  if (stream === undefined) throw new Error('no stream');
  return { server, send, stream, sent: () => server.connections[0]?.sent ?? 0 };
}

/** Resolves when the server can send no more. */
async function stuck(sent: () => number): Promise<void> {
  for (let before = -1; before !== sent() || before === 0; await turns(200)) before = sent();
}

describe.each(LARGE)('a stream %s', (_what, headers, piece) => {
  it('waits for its reader, with little in memory', async () => {
    const { stream, sent, server } = await streamOf(headers, piece);
    await stuck(sent);
    expect(sent()).toBeLessThan(SIZE - MIB);
    let read = 0;
    for await (const part of stream) {
      if (read === 0) await stuck(sent);
      expect(part.length).toBeLessThan(MIB);
      read += part.length;
    }
    expect(read).toBe(SIZE);
    if (headers[0] === 'Connection: close') await allClosed(server);
  });

  it('that is destroyed closes its connection', async () => {
    const { stream, send, server } = await streamOf(headers, piece);
    const pieces = stream[Symbol.asyncIterator]();
    await pieces.next();
    stream.destroy(REASON);
    await allClosed(server);
    await expect(pieces.next()).rejects.toBe(REASON);
    expect(await outcomeOf(send())).toMatchObject({ body: 'next' });
  });

  it('that is destroyed while its server waits closes its connection', async () => {
    const { stream, send, server, sent } = await streamOf(headers, piece);
    await stuck(sent);
    stream.destroy(REASON);
    await allClosed(server);
    await expect(readAll(stream)).rejects.toBe(REASON);
    expect(await outcomeOf(send())).toMatchObject({ body: 'next' });
  });

  it.each(['at once', 'while it flows', 'while its server waits'])('may be aborted %s', async (when) => {
    const stop = new AbortController();
    const { stream, send, server, sent } = await streamOf(headers, piece, stop);
    if (when === 'while its server waits') await stuck(sent);
    const read = readAll(stream);
    if (when === 'while it flows') await soon('much is sent', () => sent() > 8 * MIB);
    stop.abort(REASON);
    await expect(read).rejects.toBe(REASON);
    await allClosed(server);
    expect(await outcomeOf(send())).toMatchObject({ body: 'next' });
  });
});

describe('a stream', () => {
  async function read(...pieces: readonly Bytes[]) {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(...pieces);
      }),
    );
    const send = wireTo(server);
    const stop = new AbortController();
    const response = await send('/x', { answer: 'stream', signal: stop.signal });
    return { server, send, stop, response };
  }

  it('may be empty', async () => {
    for (const raw of [
      rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 0']),
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '0\r\n\r\n'),
      rawAnswer(['HTTP/1.1 204 No Content']),
    ]) {
      const { response } = await read(raw);
      expect(await readAll(response.stream ?? response.body)).toHaveLength(0);
    }
  });

  it('is none where the answer is an error', async () => {
    for (const status of [301, 404, 503]) {
      const { response } = await read(rawAnswer([`HTTP/1.1 ${status} X`, 'Content-Length: 5'], 'hello'));
      expect(response.stream).toBeUndefined();
      expect(Buffer.from(response.body).toString()).toBe('hello');
    }
  });

  it('begins with its headers, before its body', async () => {
    const { response, stop } = await read(rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 5', 'X: a']));
    expect(response).toMatchObject({ status: 200, headers: { x: 'a' } });
    stop.abort(REASON);
    await expect(readAll(response.stream ?? response.body)).rejects.toBe(REASON);
  });

  it('is not changed by an abort after its end', async () => {
    const { response, stop, server, send } = await read(
      rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 5'], 'hello'),
    );
    expect((await readAll(response.stream ?? response.body)).toString()).toBe('hello');
    stop.abort(REASON);
    await turns(20);
    expect(server.open).toBe(1);
    expect(await outcomeOf(send())).toMatchObject({ body: 'next' });
  });

  it('that turns out to be invalid fails, and closes its connection', async () => {
    const { response, server } = await read(
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED], '5\r\nhello\r\n'),
      'nonsense\r\n',
    );
    await expect(readAll(response.stream ?? response.body)).rejects.toThrow(RegistryError);
    await allClosed(server);
  });

  it('ends at its length: what comes after it is not read', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 5'], 'hello and more');
    const { response, send, server } = await read(raw);
    expect((await readAll(response.stream ?? response.body)).toString()).toBe('hello');
    expect(await outcomeOf(send('/y', { answer: 'stream' }))).toMatchObject({ body: 'next' });
    expect(server.connections).toHaveLength(2);
  });
});
