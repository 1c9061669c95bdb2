// Covers src/http/http1/response-parser.ts

import { describe, expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { ask, askTwice, BROKEN_OFF, bytewise, CHUNKED, REFUSED } from './asking.ts';

const END = '0\r\n\r\n';
const KIB = 1024;

function chunked(body: string, ...headers: readonly string[]): string {
  return rawAnswer(['HTTP/1.1 200 OK', CHUNKED, ...headers], body);
}

describe('a chunk may', () => {
  it.each([
    ['have a size in capitals', `B\r\nhello world\r\n${END}`],
    ['have a size in small letters', `b\r\nhello world\r\n${END}`],
    ['have zeros before its size', `000b\r\nhello world\r\n${END}`],
    ['be one byte', `${Array.from('hello world', (letter) => `1\r\n${letter}\r\n`).join('')}${END}`],
    ['be the last one with many zeros', 'b\r\nhello world\r\n0000\r\n\r\n'],
    ['have an extension', `b;a\r\nhello world\r\n${END}`],
    ['have an extension with a value', `b;a=b\r\nhello world\r\n${END}`],
    ['have several extensions', `b;a=b;c;d="e f"\r\nhello world\r\n0;last\r\n\r\n`],
    ['have an extension in quotes', `b;a="b;c"\r\nhello world\r\n${END}`],
  ])('%s', async (_what, body) => {
    const expected = { status: 200, body: 'hello world' };
    expect(await ask(chunked(body))).toMatchObject(expected);
    expect(await ask(bytewise(chunked(body)))).toMatchObject(expected);
    expect(await ask(chunked(body), { answer: 'stream' })).toMatchObject(expected);
    expect(await ask(bytewise(chunked(body)), { answer: 'stream' })).toMatchObject(expected);
  });

  it('contain anything, such as the end of all chunks', async () => {
    const content = `\r\n${END}\r\nHTTP/1.1 200 OK\r\n\r\n\0\xff`;
    const raw = chunked(`${content.length.toString(16)}\r\n${content}\r\n${END}`);
    expect(await ask(raw)).toMatchObject({ status: 200, body: content });
    expect(await ask(bytewise(raw))).toMatchObject({ status: 200, body: content });
  });

  it('be the only one: the body is empty', async () => {
    expect(await ask(chunked(END))).toMatchObject({ status: 200, body: '' });
  });

  it('be followed by a request on the same connection', async () => {
    const { first, second, connections } = await askTwice(chunked(`5;a=b\r\nhello\r\n${END}`));
    expect(first).toMatchObject({ body: 'hello' });
    expect(second).toMatchObject({ body: 'next' });
    expect(connections).toBe(1);
  });
});

describe('the size of a chunk is refused', () => {
  it.each([
    ['with 0x before it', '0x5'],
    ['with a plus', '+5'],
    ['with a minus', '-5'],
    ['with a space before it', ' 5'],
    ['with a tab before it', '\t5'],
    ['with a line before it', '\r\n5'],
    ['with a vertical tab after it', '5\x0b'],
    ['with a NUL after it', '5\0'],
    ['with a letter after it', '5g'],
    ['with an h', '5h'],
    ['with a separator', '0_5'],
    ['with a comma', '5,5'],
    ['with a space in it', '0 5'],
    ['that is empty', ''],
    ['that is an extension only', ';a=b'],
    ['that is no number', 'hello'],
    ['that is in digits of another script', '\xd9\xa5'],
    ['of 2^53', '20000000000000'],
    ['of 2^63', '8000000000000000'],
    ['of 2^64', '10000000000000000'],
    ['of 2^64 and five', '10000000000000005'],
    ['of twenty digits', 'f'.repeat(20)],
  ])('%s', async (_what, size) => {
    const raw = chunked(`${size}\r\nhello\r\n${END}`);
    expect(await ask(raw)).toMatchObject(REFUSED);
    expect(await ask(raw, { answer: 'stream' })).toMatchObject(REFUSED);
  });

  it('with zeros without an end', async () => {
    expect(await ask(chunked('0'.repeat(300 * KIB)))).toMatchObject(REFUSED);
  });
});

describe('a line of the chunks is refused', () => {
  it.each([
    ['that ends with LF after the size', `5\nhello\r\n${END}`],
    ['that ends with CR after the size', `5\rhello\r\n${END}`],
    ['that ends with CR CR LF after the size', `5\r\r\nhello\r\n${END}`],
    ['that ends with LF after an extension', `5;a\nhello\r\n${END}`],
    ['that has CR in an extension', `5;a\rb\r\nhello\r\n${END}`],
    ['that has LF in the quotes of an extension', `5;a="\n"\r\nhello\r\n${END}`],
    ['that has NUL in an extension', `5;a\0\r\nhello\r\n${END}`],
    ['that ends with LF after the data', `5\r\nhello\n${END}`],
    ['that ends with CR after the data', `5\r\nhello\r${END}`],
    ['that ends with other bytes after the data', `5\r\nhelloXX${END}`],
    ['that does not end after the data', `5\r\nhello${END}`],
    ['that ends too early', `6\r\nhello\r\n${END}`],
    ['that ends with LF after the last size', '5\r\nhello\r\n0\n\r\n'],
    ['that ends with LF after the last chunk', '5\r\nhello\r\n0\r\n\n'],
    ['that ends with CR after the last chunk', '5\r\nhello\r\n0\r\n\rX'],
    ['that ends with LF after a trailer', '5\r\nhello\r\n0\r\nX: a\n\r\n'],
    ['that is a trailer without a colon', '5\r\nhello\r\n0\r\nX\r\n\r\n'],
    ['that is a trailer with a space before its colon', '5\r\nhello\r\n0\r\nX : a\r\n\r\n'],
    ['that is a folded trailer', '5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n'],
    ['that is a trailer with NUL', '5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n'],
    ['that is the beginning of another answer', '5\r\nhello\r\n0\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ])('%s', async (_what, body) => {
    expect(await ask(chunked(body))).toMatchObject(REFUSED);
    expect(await ask(bytewise(chunked(body)))).toMatchObject(REFUSED);
  });

  it('with an endless extension', async () => {
    expect(await ask(chunked(`5;${'a'.repeat(300 * KIB)}`))).toMatchObject(REFUSED);
  });

  it('with extensions that are much longer than all data', async () => {
    const chunk = `1;${'a'.repeat(8 * KIB)}\r\nx\r\n`;
    expect(await ask(chunked(chunk.repeat(1000) + END))).toMatchObject(REFUSED);
  });

  it('and named in words', async () => {
    const outcome = await ask(chunked('0x5\r\nhello\r\n'));
    expect(outcome).toMatchObject({ message: expect.stringMatching(/not valid HTTP: .*chunk/) });
  });
});

describe('a trailer', () => {
  it('is not a header of the answer', async () => {
    const raw = chunked('5\r\nhello\r\n0\r\nX-Trailer: a\r\nDocker-Content-Digest: b\r\n\r\n', 'X: c');
    for (const pieces of [raw, bytewise(raw)]) {
      const { first, second, connections } = await askTwice(pieces);
      expect(first).toMatchObject({ status: 200, body: 'hello' });
      expect(first).toMatchObject({ headers: { x: 'c' } });
      expect(first).not.toMatchObject({ headers: { 'x-trailer': 'a' } });
      expect(first).not.toMatchObject({ headers: { 'docker-content-digest': 'b' } });
      expect({ second, connections }).toMatchObject({ second: { body: 'next' }, connections: 1 });
    }
  });

  it.each([
    ['a length', 'Content-Length: 3'],
    ['another coding', 'Transfer-Encoding: gzip'],
  ])('with %s changes no answer', async (_what, trailer) => {
    const { first, second } = await askTwice(chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`));
    // it may be refused, but is never obeyed
    expect('code' in first ? REFUSED.code : first.body).toMatch(/^(?:unexpected|hello)$/);
    expect(second).toMatchObject({ status: 200, body: 'next' });
  });

  it('may not be endless', async () => {
    expect(await ask(chunked(`${END.slice(0, 3)}X: ${'x'.repeat(300 * KIB)}`))).toMatchObject(REFUSED);
  });

  it('may not come without an end', async () => {
    const raw = chunked(`${END.slice(0, 3)}${'X: x\r\n'.repeat(100_000)}\r\n`);
    expect(await ask(raw)).toMatchObject(REFUSED);
  });
});

describe('chunks without an end are broken off', () => {
  it.each([
    ['after a size', '5\r\nhello\r\n5\r\n'],
    ['in a size', '5\r\nhello\r\n5'],
    ['in a chunk', '5\r\nhello\r\n5\r\nhe'],
    ['after a chunk', '5\r\nhello\r\n'],
    ['before the end of a chunk', '5\r\nhello'],
    ['in the last chunk', '5\r\nhello\r\n0'],
    ['after the last chunk', '5\r\nhello\r\n0\r\n'],
    ['in the last line', '5\r\nhello\r\n0\r\n\r'],
    ['in a trailer', '5\r\nhello\r\n0\r\nX: a\r\n'],
    ['before the first chunk', ''],
  ])('%s', async (_what, body) => {
    for (const answer of ['buffer', 'stream'] as const) {
      expect(await ask(chunked(body), { ending: 'close', answer })).toMatchObject(BROKEN_OFF);
      expect(await ask(chunked(body, 'Connection: close'), { ending: 'close', answer })).toMatchObject(
        BROKEN_OFF,
      );
    }
  });
});
