// Covers src/http/http1/response-head.ts

import { describe, expect, it } from 'vitest';
import { ask, askTwice, BROKEN_OFF, CHUNKED, REFUSED, withHeaders } from './asking.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';

const HELLO = { status: 200, body: 'hello' };
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

describe('a length that two readers could take in two ways is refused', () => {
  it.each([
    ['two that differ', ['Content-Length: 5', 'Content-Length: 6']],
    ['two that are equal', ['Content-Length: 5', 'Content-Length: 5']],
    ['two in one header', ['Content-Length: 5, 5']],
    ['two in one header that differ', ['Content-Length: 5, 6']],
    ['a plus', ['Content-Length: +5']],
    ['a minus', ['Content-Length: -5']],
    ['minus zero', ['Content-Length: -0']],
    ['hexadecimal', ['Content-Length: 0x5']],
    ['letters', ['Content-Length: five']],
    ['a letter after it', ['Content-Length: 5a']],
    ['a fraction', ['Content-Length: 5.0']],
    ['an exponent', ['Content-Length: 5e0']],
    ['a space in it', ['Content-Length: 0 5']],
    ['a separator', ['Content-Length: 5_0']],
    ['a semicolon', ['Content-Length: 5;']],
    ['quotes', ['Content-Length: "5"']],
    ['nothing', ['Content-Length:']],
    ['spaces only', ['Content-Length:   ']],
    ['digits of another script', ['Content-Length: \xd9\xa5']],
    ['a vertical tab before it', ['Content-Length: \x0b5']],
    ['a form feed after it', ['Content-Length: 5\x0c']],
    ['a no-break space before it', ['Content-Length: \xa05']],
    ['2^53', [`Content-Length: ${2 ** 53}`]],
    ['2^63', ['Content-Length: 9223372036854775808']],
    ['2^64 and five', ['Content-Length: 18446744073709551621']],
    ['twenty digits', [`Content-Length: ${'9'.repeat(20)}`]],
  ])('%s', async (_what, headers) => {
    expect(await ask(withHeaders(...headers))).toMatchObject(REFUSED);
  });

  it('to a HEAD as well', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6']);
    expect(await ask(raw, { method: 'HEAD' })).toMatchObject(REFUSED);
  });

  it('and named in words', async () => {
    const outcome = await ask(withHeaders('Content-Length: 5', 'Content-Length: 6'));
    expect(outcome).toMatchObject({ message: expect.stringMatching(/not valid HTTP: .*Content-Length/) });
  });
});

describe('a length may', () => {
  it.each([
    ['have spaces before it', 'Content-Length:    5'],
    ['have no space before it', 'Content-Length:5'],
    ['have spaces after it', 'Content-Length: 5  '],
    ['have a tab before it', 'Content-Length:\t5'],
    ['begin with zeros', 'Content-Length: 005'],
    ['have a name in capitals', 'CONTENT-LENGTH: 5'],
    ['have a name in mixed letters', 'cOnTeNt-LeNgTh: 5'],
  ])('%s', async (_what, header) => {
    expect(await ask(withHeaders(header))).toMatchObject(HELLO);
  });

  it('be zero', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 0']);
    expect(await ask(raw)).toMatchObject({ status: 200, body: '' });
  });
});

describe('a transfer coding is refused', () => {
  it.each([
    ['with a length before it', ['Content-Length: 5', CHUNKED]],
    ['with a length after it', [CHUNKED, 'Content-Length: 5']],
    ['with a length of zero', ['Content-Length: 0', CHUNKED]],
    ['that is not known', ['Transfer-Encoding: xchunked']],
    ['that has chunked as a part of its name', ['Transfer-Encoding: chunkedx']],
    ['that is compressed', ['Transfer-Encoding: gzip']],
    ['that is compressed after its chunks', ['Transfer-Encoding: chunked, gzip']],
    ['that is compressed in its chunks', ['Transfer-Encoding: gzip, chunked']],
    ['that is compressed, in two headers', ['Transfer-Encoding: gzip', CHUNKED]],
    ['that is chunked twice', ['Transfer-Encoding: chunked, chunked']],
    ['that is chunked twice, in two headers', [CHUNKED, CHUNKED]],
    ['that is empty', ['Transfer-Encoding:']],
    ['with a vertical tab before it', ['Transfer-Encoding: \x0bchunked']],
    ['with a no-break space before it', ['Transfer-Encoding: \xa0chunked']],
    ['in quotes', ['Transfer-Encoding: "chunked"']],
    ['with a parameter', ['Transfer-Encoding: chunked;q=1']],
  ])('%s', async (_what, headers) => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', ...headers], CHUNKS);
    expect(await ask(raw, { ending: 'close' })).toMatchObject(REFUSED);
  });

  it.each([
    ['capitals', 'Transfer-Encoding: CHUNKED'],
    ['a capital', 'transfer-encoding: Chunked'],
    ['spaces around it', 'Transfer-Encoding:  chunked '],
  ])('but may have %s', async (_what, header) => {
    expect(await ask(rawAnswer(['HTTP/1.1 200 OK', header], CHUNKS))).toMatchObject(HELLO);
  });

  it('or its connection is not used again, with HTTP/1.0', async () => {
    const raw = rawAnswer(['HTTP/1.0 200 OK', 'Connection: keep-alive', CHUNKED], CHUNKS);
    const { first, second, connections } = await askTwice(raw);
    // the specification calls it faulty; servers that send it mean it
    expect('code' in first ? REFUSED.code : first.body).toMatch(/^(?:unexpected|hello)$/);
    expect(second).toMatchObject({ body: 'next' });
    expect(connections).toBe(2);
  });
});

describe('an answer that is shorter than its length', () => {
  it.each(['close', 'reset'] as const)('is broken off (%s)', async (ending) => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 10'], 'hello');
    expect(await ask([raw, ''], { ending })).toMatchObject(BROKEN_OFF);
  });
});
