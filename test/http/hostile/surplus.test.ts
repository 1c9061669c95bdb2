import { describe, expect, it } from 'vitest';
import { readAll } from '../../adapters/oci/client.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { allClosed, askTwice, CHUNKED, firstPlays, NEXT, outcomeOf, withHeaders, wireTo } from './asking.ts';

const HELLO = { status: 200, body: 'hello' };
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

describe('bytes after the end of an answer are never part of another one', () => {
  const cases: readonly [string, string, string][] = [
    ['a few bytes after a length', withHeaders('Content-Length: 5'), 'surplus'],
    ['a line after a length', withHeaders('Content-Length: 5'), '\r\n'],
    ['another answer after a length', withHeaders('Content-Length: 5'), NEXT.replace('next', 'evil')],
    [
      'another answer after chunks',
      rawAnswer(['HTTP/1.1 200 OK', CHUNKED], CHUNKS),
      NEXT.replace('next', 'evil'),
    ],
    [
      'an error after an answer',
      withHeaders('Content-Length: 5'),
      rawAnswer(['HTTP/1.1 404 N', 'Content-Length: 0']),
    ],
    ['an interim answer', withHeaders('Content-Length: 5'), rawAnswer(['HTTP/1.1 103 Early Hints'])],
    ['100 Continue', withHeaders('Content-Length: 5'), rawAnswer(['HTTP/1.1 100 Continue'])],
    [
      'the beginning of an answer',
      withHeaders('Content-Length: 5'),
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nev',
    ],
  ];

  it.each(cases)('%s, at the same time', async (_what, answer, surplus) => {
    const { first, second, connections } = await askTwice(answer + surplus);
    expect(first).toMatchObject(HELLO);
    expect(second).toMatchObject({ status: 200, body: 'next' });
    expect(connections).toBe(2);
  });

  it.each(cases)('%s, later: an idle connection is closed', async (_what, answer, surplus) => {
    const { first, second, connections } = await askTwice([answer, surplus], { settle: true });
    expect(first).toMatchObject(HELLO);
    expect(second).toMatchObject({ status: 200, body: 'next' });
    expect(connections).toBe(2);
  });

  it('with a request that waits for the connection', async () => {
    const both = await askTwice(withHeaders('Content-Length: 5') + NEXT.replace('next', 'evil'), {
      ending: 'close',
    });
    expect(both).toMatchObject({ first: HELLO, second: { body: 'next' }, connections: 2 });
  });
});

// the smaller one arrives before it is read
describe.each([50_000, 2_000_000])('a stream of %i bytes that is read late', (size) => {
  const LARGE = 'x'.repeat(size);
  const HEAD = rawAnswer(['HTTP/1.1 200 OK', `Content-Length: ${size}`]);

  async function setUp(pieces: readonly string[], ending: 'end' | 'reset' | 'open') {
    const server = await RawServer.start(
      firstPlays(async (connection) => {
        await connection.request();
        await connection.send(...pieces);
        if (ending !== 'open') connection[ending]();
      }),
    );
    const send = wireTo(server);
    const { stream } = await send('/x', { answer: 'stream' });
    await turns(100);
    expect((await readAll(stream ?? new Uint8Array())).length).toBe(size);
    return { server, next: () => outcomeOf(send('/y', { answer: 'stream' })) };
  }

  it.each([
    ['at the same time', [HEAD + LARGE + NEXT.replace('next', 'evil')]],
    ['by itself', [HEAD, LARGE, NEXT.replace('next', 'evil')]],
    ['with its last bytes', [HEAD + LARGE.slice(0, -5), LARGE.slice(-5) + NEXT.replace('next', 'evil')]],
    ['as a line', [HEAD + LARGE, '\r\n']],
  ])('is not followed by what comes after it %s', async (_what, pieces) => {
    const { server, next } = await setUp(pieces, 'open');
    expect(await next()).toMatchObject({ body: 'next' });
    expect(server.connections).toHaveLength(2);
  });

  it('is the last one of a connection that the server closes after it', async () => {
    const { server, next } = await setUp([HEAD, LARGE], 'end');
    expect(await next()).toMatchObject({ body: 'next' });
    expect(server.connections).toHaveLength(2);
  });

  it('is the last one of a connection that the server closes later', async () => {
    const { server, next } = await setUp([HEAD, LARGE], 'open');
    await turns(100);
    server.connections[0]?.end();
    await allClosed(server);
    expect(await next()).toMatchObject({ body: 'next' });
  });
});
