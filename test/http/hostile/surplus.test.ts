import { describe, expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { askTwice, CHUNKED, NEXT, withHeaders } from './asking.ts';

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
