import { expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { ask, CHUNKED, type Outcome, REFUSED, withHeaders } from './asking.ts';

// A parser that goes back and forth in a text takes a minute for one of these answers; the test's own limit ends it.
const TIMES = 6;
const LONG = 250_000;
const LENGTH = 'Content-Length: 5';
const SPACES = ' '.repeat(LONG);
const TABS = ' \t'.repeat(LONG / 2);
const HELLO = { status: 200, body: 'hello' };

it.each<[string, string, Partial<Outcome>]>([
  ['a header of spaces', withHeaders(LENGTH, `X:${SPACES}`), HELLO],
  ['a header that ends with spaces', withHeaders(LENGTH, `X: a${SPACES}`), HELLO],
  ['a header with spaces in the middle', withHeaders(LENGTH, `X: a${SPACES}b`), HELLO],
  ['a header of spaces with a control character', withHeaders(LENGTH, `X:${SPACES}\x01`), REFUSED],
  ['a header of tabs with a control character', withHeaders(LENGTH, `X:${TABS}\x01`), REFUSED],
  ['a header of spaces without a colon', withHeaders(LENGTH, `X${SPACES}`), REFUSED],
  ['a name without a colon', withHeaders(LENGTH, 'x'.repeat(LONG)), REFUSED],
  ['a reason of spaces with a control character', rawAnswer([`HTTP/1.1 200${SPACES}\r`, LENGTH]), REFUSED],
  ['an empty list of the connection', withHeaders(LENGTH, `Connection: ${', '.repeat(LONG / 2)}`), HELLO],
  ['a long list of the connection', withHeaders(LENGTH, `Connection: ${'a,'.repeat(LONG / 2)}`), HELLO],
  ['time limits', withHeaders(LENGTH, `Keep-Alive: ${'timeout='.repeat(LONG / 8)}`), HELLO],
  ['digits of a time limit', withHeaders(LENGTH, `Keep-Alive: timeout=${'1'.repeat(LONG)}`), HELLO],
  ['zeros of a length', withHeaders(`Content-Length: ${'0'.repeat(LONG)}x`), REFUSED],
  ['codings', withHeaders(`Transfer-Encoding: ${'chunked, '.repeat(LONG / 9)}`), REFUSED],
  ['links', withHeaders(LENGTH, ...Array<string>(LONG / 10).fill('Link: a')), HELLO],
  ['spaces after the size of a chunk', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `5${SPACES}x\r\n`), REFUSED],
  ['a trailer of spaces', rawAnswer(['HTTP/1.1 200 OK', CHUNKED], `0\r\nX:${SPACES}\x01\r\n\r\n`), REFUSED],
])('a long text is read in time that grows with its length: %s', async (_what, raw, outcome) => {
  for (let time = 0; time < TIMES; time++) expect(await ask(raw)).toMatchObject(outcome);
});

it('many small pieces are read in time that grows with their number', async () => {
  const head = Array.from(withHeaders(LENGTH, `X: ${'x'.repeat(20_000)}`));
  expect(await ask(head)).toMatchObject(HELLO);
  const size = 20_000;
  const chunks = `${'1\r\nx\r\n'.repeat(size)}0\r\n\r\n`;
  expect(await ask(rawAnswer(['HTTP/1.1 200 OK', CHUNKED], chunks))).toMatchObject({
    body: 'x'.repeat(size),
  });
});
