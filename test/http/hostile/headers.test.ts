// Covers src/http/http1/head-reader.ts

import { describe, expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { ask, REFUSED, withHeaders } from './asking.ts';

const LENGTH = 'Content-Length: 5';
const CONTROLS = Array.from({ length: 32 }, (_, code) => code)
  .filter((code) => !'\t\n\r'.includes(String.fromCharCode(code)))
  .concat(0x7f);

describe('a header is refused', () => {
  it.each([
    ['without a colon', 'X-Header'],
    ['without a name', ': value'],
    ['that is a space', ' '],
    ['with a space before its colon', 'Content-Length : 5'],
    ['with a tab before its colon', 'Content-Length\t: 5'],
    ['with a space in its name', 'X Header: a'],
    ['with a vertical tab before its name', '\x0bContent-Length: 5'],
    ['with a form feed before its name', '\x0cContent-Length: 5'],
    ['with a no-break space in its name', 'X\xa0: a'],
    ['with a letter that is not ASCII in its name', 'X-\xe9: a'],
    ['with a long s in its name', 'Tran\xc5\xbffer-Encoding: chunked'],
    ['with a delimiter in its name', 'X(a): b'],
    ['with quotes in its name', '"X": b'],
    ['with a slash in its name', 'X/Y: b'],
    ['with a byte order mark before its name', '\xef\xbb\xbfX: b'],
  ])('%s', async (_what, header) => {
    expect(await ask(withHeaders(LENGTH, header))).toMatchObject(REFUSED);
    expect(await ask(withHeaders(header, LENGTH))).toMatchObject(REFUSED);
  });

  it.each(['space', 'tab'])('that is folded by a %s', async (which) => {
    const fold = which === 'space' ? ' ' : '\t';
    expect(await ask(withHeaders(LENGTH, 'X: a', `${fold}b`))).toMatchObject(REFUSED);
    expect(await ask(withHeaders('X: a', `${fold}Content-Length: 6`, LENGTH))).toMatchObject(REFUSED);
    expect(await ask(withHeaders('Transfer-Encoding:', `${fold}chunked`, LENGTH))).toMatchObject(REFUSED);
  });

  it('that is folded before the first one', async () => {
    expect(await ask(withHeaders(` ${LENGTH}`))).toMatchObject(REFUSED);
    expect(await ask(withHeaders(` X: a`, LENGTH))).toMatchObject(REFUSED);
  });

  it('with a control character in its name', async () => {
    for (const code of CONTROLS) {
      const header = `X${String.fromCharCode(code)}Y: a`;
      expect(await ask(withHeaders(LENGTH, header)), `character ${code}`).toMatchObject(REFUSED);
    }
  });

  it('with a control character in its value', async () => {
    for (const code of CONTROLS) {
      const header = `X: a${String.fromCharCode(code)}b`;
      expect(await ask(withHeaders(LENGTH, header)), `character ${code}`).toMatchObject(REFUSED);
    }
  });

  it('and named in words', async () => {
    const outcome = await ask(withHeaders(LENGTH, 'X Header: a'));
    expect(outcome).toMatchObject({ message: expect.stringMatching(/not valid HTTP: .*header/) });
  });
});

describe('a line of the headers is refused', () => {
  it.each([
    ['that ends with LF after the status', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello'],
    ['that ends with LF after a header', 'HTTP/1.1 200 OK\r\nContent-Length: 5\nX: a\r\n\r\nhello'],
    ['that ends with LF as the last one', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello'],
    ['that ends with LF twice', 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\nhello'],
    ['that ends with CR', 'HTTP/1.1 200 OK\r\nContent-Length: 5\rX: a\r\n\r\nhello'],
    ['that ends with CR after the status', 'HTTP/1.1 200 OK\rContent-Length: 5\r\n\r\nhello'],
    ['that ends with CR CR LF', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\r\n\r\nhello'],
    ['that ends with CR CR LF as the last one', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\r\nhello'],
    ['that ends with LF CR', 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n\r\nhello'],
    ['that has CR in the value', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\rb\r\n\r\nhello'],
    ['that has CR in the name', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX\rY: a\r\n\r\nhello'],
    ['that has CR after the colon', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX:\rY: a\r\n\r\nhello'],
  ])('%s', async (_what, raw) => {
    expect(await ask(raw)).toMatchObject(REFUSED);
    expect(await ask(Array.from(raw))).toMatchObject(REFUSED);
  });
});

describe('a header may', () => {
  it.each([
    ['be empty', 'X:', ''],
    ['be spaces', 'X:   ', ''],
    ['have spaces around its value', 'X: \t a \t ', 'a'],
    ['have no space before its value', 'X:a', 'a'],
    ['have spaces and tabs in its value', 'X: a \t b', 'a \t b'],
    ['have colons in its value', 'X: a:b: c', 'a:b: c'],
    ['have delimiters in its value', 'X: (a) "b" <c> [d] {e} \\', '(a) "b" <c> [d] {e} \\'],
    ['have a name in capitals', 'X: A', 'A'],
  ])('%s', async (_what, header, value) => {
    expect(await ask(withHeaders(LENGTH, header))).toMatchObject({ body: 'hello', headers: { x: value } });
  });

  it('have any bytes above ASCII in its value: they are latin1', async () => {
    const text = Array.from({ length: 128 }, (_, index) => String.fromCharCode(128 + index)).join('');
    expect(await ask(withHeaders(LENGTH, `X: a${text}z`))).toMatchObject({ headers: { x: `a${text}z` } });
  });

  it('have every character of a token in its name', async () => {
    const name = "!#$%&'*+-.^_`|~09azaz";
    expect(await ask(withHeaders(LENGTH, `${name}: a`))).toMatchObject({ headers: { [name]: 'a' } });
  });

  it('come twice: the first counts, or all of a list', async () => {
    const raw = withHeaders(LENGTH, 'X: a', 'Link: <b>', 'x: c', 'LINK: <d>', 'X: e');
    expect(await ask(raw)).toMatchObject({ headers: { x: 'a', link: '<b>, <d>' } });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'be named %s, and is a header like any other',
    async (name) => {
      const outcome = await ask(withHeaders(LENGTH, `${name}: a`, `${name}: b`));
      expect(outcome).toMatchObject({ status: 200, body: 'hello' });
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)['a']).toBeUndefined();
    },
  );
});

describe('the headers are refused', () => {
  const refused = { ...REFUSED, message: expect.stringMatching(/headers of its answer have more than/) };

  it('if they are very many, though each is small', async () => {
    const raw = rawAnswer(['HTTP/1.1 200 OK', ...Array<string>(100_000).fill('a: b'), LENGTH], 'hello');
    expect(await ask(raw)).toMatchObject(refused);
  });

  it('if one name is endless', async () => {
    expect(await ask(`HTTP/1.1 200 OK\r\n${'x'.repeat(300 * 1024)}`)).toMatchObject(refused);
  });

  it('if one value is endless', async () => {
    expect(await ask(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(300 * 1024)}`)).toMatchObject(refused);
  });

  it('if the spaces before a value are endless', async () => {
    expect(await ask(`HTTP/1.1 200 OK\r\nX: ${' '.repeat(300 * 1024)}`)).toMatchObject(refused);
  });

  it('if they come in many pieces', async () => {
    const pieces = Array<string>(300).fill(`X: ${'x'.repeat(1019)}\r\n`);
    expect(await ask(['HTTP/1.1 200 OK\r\n', ...pieces])).toMatchObject(refused);
  });
});

it('headers may come byte by byte', async () => {
  const raw = withHeaders(LENGTH, `X: ${'x'.repeat(500)}`);
  expect(await ask(Array.from(raw))).toMatchObject({ body: 'hello', headers: { x: 'x'.repeat(500) } });
});
