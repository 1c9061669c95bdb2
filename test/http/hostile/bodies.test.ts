import { describe, expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { ask, askTwice, BROKEN_OFF, bytewise, CHUNKED, REFUSED } from './asking.ts';

const KEPT = { second: { status: 200, body: 'next' }, connections: 1 };
const GIVEN_UP = { second: { status: 200, body: 'next' }, connections: 2 };
const EVIL = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 4'], 'evil');

describe('an answer to HEAD', () => {
  it.each([
    ['a length', ['HTTP/1.1 200 OK', 'Content-Length: 5']],
    ['a large length', ['HTTP/1.1 200 OK', 'Content-Length: 5000000000']],
    ['no length', ['HTTP/1.1 200 OK']],
    ['an error', ['HTTP/1.1 404 Not Found', 'Content-Length: 5']],
    ['a redirect', ['HTTP/1.1 307 X', 'Location: /y', 'Content-Length: 5']],
  ])('has no body, and its connection is used again: %s', async (_what, head) => {
    for (const pieces of [[rawAnswer(head)], bytewise(rawAnswer(head))]) {
      const { first, ...rest } = await askTwice(pieces, { method: 'HEAD' });
      expect(first).toMatchObject({ status: Number(head[0]?.slice(9, 12)), body: '' });
      expect(rest).toMatchObject(KEPT);
    }
  });

  it('has no chunks', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', CHUNKED]);
    const { first, second } = await askTwice(raw, { method: 'HEAD' });
    expect({ first, second }).toMatchObject({ first: { status: 200, body: '' }, second: { body: 'next' } });
  });

  it('tells the length of a GET', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 1234']);
    expect(await ask(raw, { method: 'HEAD' })).toMatchObject({ headers: { 'content-length': '1234' } });
  });

  it.each([
    ['as long as it says', ['Content-Length: 5'], 'hello'],
    ['longer than it says', ['Content-Length: 2'], 'hello'],
    ['in chunks', [CHUNKED], '5\r\nhello\r\n0\r\n\r\n'],
    ['that is an answer itself', [`Content-Length: ${EVIL.length}`], EVIL],
    ['that is an answer itself, of no length', [], EVIL],
    ['that is a line', ['Content-Length: 2'], '\r\n'],
  ])('that has a body nevertheless gives up its connection: %s', async (_what, headers, body) => {
    const head = rawAnswer(['HTTP/1.1 404 Not Found', ...headers]);
    const together = await askTwice(head + body, { method: 'HEAD' });
    expect(together).toMatchObject({ first: { status: 404, body: '' }, ...GIVEN_UP });
    const later = await askTwice([head, body], { method: 'HEAD', settle: true });
    expect(later).toMatchObject({ first: { status: 404, body: '' }, ...GIVEN_UP });
  });
});

describe.each([204, 304])('an answer %i', (status) => {
  it.each([
    ['nothing besides', []],
    ['a length of zero', ['Content-Length: 0']],
  ])('has no body, and its connection is used again: %s', async (_what, headers) => {
    for (const answer of ['buffer', 'stream'] as const) {
      const raw = rawAnswer([`HTTP/1.1 ${status} X`, ...headers]);
      const { first, second } = await askTwice(raw, { answer });
      expect({ first, second }).toMatchObject({ first: { status, body: '' }, second: { body: 'next' } });
      if (answer === 'buffer') expect(await askTwice(raw)).toMatchObject(KEPT);
    }
  });

  it.each([
    ['a length', ['Content-Length: 5'], ''],
    ['a length and a body', ['Content-Length: 5'], 'hello'],
    ['a length that fits an answer', [`Content-Length: ${EVIL.length}`], EVIL],
    ['chunks', [CHUNKED], '5\r\nhello\r\n0\r\n\r\n'],
    ['no chunk', [CHUNKED], '0\r\n\r\n'],
    ['a body', [], 'hello'],
    ['another answer', [], EVIL],
  ])('has no body, whatever comes: %s', async (_what, headers, body) => {
    const raw = rawAnswer([`HTTP/1.1 ${status} X`, ...headers], body);
    const { first, second } = await askTwice(raw);
    expect(first).toMatchObject({ status, body: '' });
    expect(second).toMatchObject({ status: 200, body: 'next' });
  });
});

describe('a body that is larger than its request allows', () => {
  const LIMIT = 1000;
  const tooLarge = { ...REFUSED, message: expect.stringMatching(/larger than 1000 bytes$/) };
  const sizes = (size: number): readonly (readonly [string, string, 'open' | 'close'])[] => {
    const body = 'x'.repeat(size);
    const chunks = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const small = `1\r\nx\r\n`.repeat(size);
    return [
      ['by its length', rawAnswer(['HTTP/1.1 200 OK', `Content-Length: ${size}`], body), 'open'],
      ['by a chunk', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], chunks), 'open'],
      ['by its chunks', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `${small}0\r\n\r\n`), 'open'],
      ['by its end', rawAnswer(['HTTP/1.1 200 OK'], body), 'close'],
    ];
  };

  it.each(sizes(LIMIT + 1))('is refused: %s', async (_what, raw, ending) => {
    expect(await ask(raw, { maxBodyBytes: LIMIT, ending })).toMatchObject(tooLarge);
    expect(await ask([raw.slice(0, 500), raw.slice(500)], { maxBodyBytes: LIMIT, ending })).toMatchObject(
      tooLarge,
    );
  });

  it.each(sizes(LIMIT))('is not one of exactly that size: %s', async (_what, raw, ending) => {
    expect(await ask(raw, { maxBodyBytes: LIMIT, ending })).toMatchObject({ body: 'x'.repeat(LIMIT) });
  });

  it('is refused before its end', async () => {
    const head = ['HTTP/1.1 200 OK', 'Content-Length: 1000000'];
    expect(await ask(rawAnswer(head, 'x'.repeat(2000)), { maxBodyBytes: LIMIT })).toMatchObject(tooLarge);
    const chunks = rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `fffff\r\n${'x'.repeat(2000)}`);
    expect(await ask(chunks, { maxBodyBytes: LIMIT })).toMatchObject(tooLarge);
  });

  it.each(sizes(LIMIT + 1))('is cut where the answer is an error: %s', async (_what, raw, ending) => {
    const error = raw.replace('200 OK', '502 Bad Gateway');
    const { first, second, connections } = await askTwice(error, { maxBodyBytes: LIMIT, ending });
    expect(first).toMatchObject({ status: 502, body: expect.stringMatching(/^x{1,1001}$/) });
    expect({ second, connections }).toMatchObject(GIVEN_UP);
  });

  it('may be refused or empty where nothing is allowed', async () => {
    const empty = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 0']);
    expect(await ask(empty, { maxBodyBytes: 0 })).toMatchObject({ status: 200, body: '' });
    const one = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 1'], 'x');
    expect(await ask(one, { maxBodyBytes: 0 })).toMatchObject(REFUSED);
  });
});

describe('a body that breaks off', () => {
  const bodies = [
    ['of a length', rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 10'], 'hello')],
    ['of a length, before its first byte', rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 10'])],
    ['of a length of HTTP/1.0', rawAnswer(['HTTP/1.0 200 OK', 'Content-Length: 10'], 'hello')],
    [
      'of a length on its last connection',
      rawAnswer(['HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 10'], 'hello'),
    ],
    ['of an error', rawAnswer(['HTTP/1.1 502 Bad Gateway', 'Content-Length: 10'], 'hello')],
  ] as const;

  it.each(bodies)('is no answer: %s', async (_what, raw) => {
    for (const ending of ['close', 'reset'] as const) {
      for (const answer of ['buffer', 'stream'] as const) {
        expect(await ask([raw, ''], { ending, answer })).toMatchObject(BROKEN_OFF);
        expect(await ask(bytewise(raw), { ending, answer })).toMatchObject(BROKEN_OFF);
      }
    }
  });
});
