// Covers src/http/http1/exchange-error.ts

import { describe, expect, it } from 'vitest';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { ask, askTwice, BROKEN_OFF, bytewise, REFUSED } from './asking.ts';

const LENGTH = 'Content-Length: 5';
const KIB = 1024;

function beginning(statusLine: string): string {
  return rawAnswer([statusLine, LENGTH], 'hello');
}

describe('a status line is refused', () => {
  it.each([
    ['of HTTP/2', 'HTTP/2.0 200 OK'],
    ['of HTTP/2 without a minor version', 'HTTP/2 200'],
    ['of HTTP/3', 'HTTP/3 200'],
    ['of HTTP/0.9', 'HTTP/0.9 200 OK'],
    ['of HTTP/1.2', 'HTTP/1.2 200 OK'],
    ['of HTTP/1.10', 'HTTP/1.10 200 OK'],
    ['of HTTP/11.1', 'HTTP/11.1 200 OK'],
    ['of HTTP/1', 'HTTP/1 200 OK'],
    ['of HTTP/1.', 'HTTP/1. 200 OK'],
    ['with a comma in the version', 'HTTP/1,1 200 OK'],
    ['with letters as version', 'HTTP/a.b 200 OK'],
    ['in small letters', 'http/1.1 200 OK'],
    ['in mixed letters', 'Http/1.1 200 OK'],
    ['of HTTPS', 'HTTPS/1.1 200 OK'],
    ['of another protocol', 'RTSP/1.0 200 OK'],
    ['of ICY', 'ICY 200 OK'],
    ['with a space before it', ' HTTP/1.1 200 OK'],
    ['with a byte order mark before it', '\xef\xbb\xbfHTTP/1.1 200 OK'],
    ['with an empty line before it', '\r\nHTTP/1.1 200 OK'],
    ['with LF before it', '\nHTTP/1.1 200 OK'],
    ['with a space in the version', 'HTTP/ 1.1 200 OK'],
    ['without a status', 'HTTP/1.1'],
    ['with a space instead of a status', 'HTTP/1.1 '],
    ['with a reason instead of a status', 'HTTP/1.1 OK'],
    ['with a status of one digit', 'HTTP/1.1 2 OK'],
    ['with a status of two digits', 'HTTP/1.1 20 OK'],
    ['with a status of four digits', 'HTTP/1.1 2000 OK'],
    ['with status 99', 'HTTP/1.1 99 OK'],
    ['with status 099', 'HTTP/1.1 099 OK'],
    ['with zeros before the status', 'HTTP/1.1 0200 OK'],
    ['with a minus before the status', 'HTTP/1.1 -200 OK'],
    ['with a plus before the status', 'HTTP/1.1 +20 OK'],
    ['with a fraction as status', 'HTTP/1.1 200.0 OK'],
    ['with a letter in the status', 'HTTP/1.1 2x0 OK'],
    ['with a letter after the status', 'HTTP/1.1 200OK'],
    ['with digits of another script', 'HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK'],
    ['with two spaces before the status', 'HTTP/1.1  200 OK'],
    ['with a tab before the status', 'HTTP/1.1\t200 OK'],
    ['with a tab after the status', 'HTTP/1.1 200\tOK'],
    ['with no space before the status', 'HTTP/1.1200 OK'],
    ['of a request', 'GET / HTTP/1.1'],
  ])('%s', async (_what, statusLine) => {
    expect(await ask(beginning(statusLine))).toMatchObject(REFUSED);
    expect(await ask(bytewise(beginning(statusLine)))).toMatchObject(REFUSED);
  });

  it('if it is endless', async () => {
    const message = expect.stringMatching(/headers of its answer have more than/);
    expect(await ask(`HTTP/1.1 200 ${'x'.repeat(300 * KIB)}`)).toMatchObject({ ...REFUSED, message });
    const pieces = Array<string>(300).fill('x'.repeat(KIB));
    expect(await ask(['HTTP/1.1 200 ', ...pieces])).toMatchObject({ ...REFUSED, message });
  });
});

describe('an answer is refused at once, though the connection stays open,', () => {
  it.each<[string, string]>([
    ['if it is a banner of SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['if it is a greeting of SMTP', '220 mail.example ESMTP\r\n'],
    ['if it is a greeting of FTP', '220 (vsFTPd 3.0.5)\r\n'],
    ['if it is an alert of TLS', '\x15\x03\x01\x00\x02\x02\x46'],
    ['if it is a handshake of TLS', '\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03'],
    ['if it is a frame of HTTP/2', '\x00\x00\x12\x04\x00\x00\x00\x00\x00'],
    ['if it is a page without headers', '<!doctype html><html><body>Log in</body></html>\n'],
    ['if it is text without headers', 'Bad gateway\r\n\r\n'],
    ['if it is JSON', '{"errors":[]}'],
    ['if it is one wrong byte', 'x'],
    ['if it is one zero byte', '\0'],
    ['if it nearly begins like HTTP', 'HTTQ'],
  ])('%s', async (_what, raw) => {
    expect(await ask(raw)).toMatchObject(REFUSED);
    expect(await ask(bytewise(raw))).toMatchObject(REFUSED);
  });

  it('and named in words', async () => {
    const message = expect.stringMatching(/not valid HTTP: .*HTTP\//);
    expect(await ask('SSH-2.0-OpenSSH_9.2\r\n')).toMatchObject({ message });
  });
});

describe('a status line may', () => {
  it.each([
    ['be of HTTP/1.0', 'HTTP/1.0 200 OK', 200],
    ['have no reason', 'HTTP/1.1 200 ', 200],
    ['have no reason and no space', 'HTTP/1.1 200', 200],
    ['have no reason and no space, of HTTP/1.0', 'HTTP/1.0 404', 404],
    ['have another reason', 'HTTP/1.1 200 Not Found', 200],
    ['have a long reason', `HTTP/1.1 200 ${'very '.repeat(2000)}OK`, 200],
    ['have a reason that is latin1', 'HTTP/1.1 404 Nicht verf\xfcgbar', 404],
    ['have a reason that is UTF-8', 'HTTP/1.1 404 \xe6\x9c\xaa\xe6\x89\xbe\xe5\x88\xb0', 404],
    ['have a reason that is no UTF-8', 'HTTP/1.1 404 \xff\xfe\x80', 404],
    ['have tabs and spaces in its reason', 'HTTP/1.1 404 \t not \t found \t', 404],
    ['have a number as its reason', 'HTTP/1.1 404 200', 404],
    ['have the smallest status', 'HTTP/1.1 200 OK', 200],
    ['have an unknown status', 'HTTP/1.1 299 X', 299],
    ['have the largest status', 'HTTP/1.1 599 X', 599],
    ['have a status of no class', 'HTTP/1.1 600 X', 600],
    ['have a status that means nothing', 'HTTP/1.1 999 Request denied', 999],
  ])('%s', async (_what, statusLine, status) => {
    expect(await ask(beginning(statusLine))).toMatchObject({ status, body: 'hello' });
    expect(await ask(bytewise(beginning(statusLine)))).toMatchObject({ status, body: 'hello' });
  });

  it('be all that there is', async () => {
    for (const line of ['HTTP/1.1 200 OK', 'HTTP/1.1 200 ', 'HTTP/1.1 200', 'HTTP/1.0 200 OK']) {
      const raw = rawAnswer([line], 'hello');
      expect(await ask(raw, { ending: 'close' }), line).toMatchObject({ status: 200, body: 'hello' });
    }
  });
});

describe('an answer without a length', () => {
  it.each([
    ['of HTTP/1.1', ['HTTP/1.1 200 OK']],
    ['of HTTP/1.0', ['HTTP/1.0 200 OK']],
    ['of HTTP/1.0 that keeps its connection', ['HTTP/1.0 200 OK', 'Connection: keep-alive']],
    ['of HTTP/1.1 that keeps its connection', ['HTTP/1.1 200 OK', 'Connection: keep-alive']],
    ['of HTTP/1.1 that closes its connection', ['HTTP/1.1 404 N', 'Connection: close']],
  ])('ends with its connection, %s', async (_what, head) => {
    for (const body of ['', 'hello', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']) {
      const { first, second, connections } = await askTwice(bytewise(rawAnswer(head, body)), {
        ending: 'close',
      });
      expect({ first, second }).toMatchObject({ first: { body }, second: { body: 'next' } });
      expect(connections).toBe(2);
    }
  });

  it('is broken off by a reset', async () => {
    for (const answer of ['buffer', 'stream'] as const) {
      const pieces = [rawAnswer(['HTTP/1.1 200 OK'], 'hello'), ''];
      expect(await ask(pieces, { ending: 'reset', answer })).toMatchObject(BROKEN_OFF);
    }
  });
});

describe('headers that break off', () => {
  it.each(['close', 'reset'] as const)('at any byte are no answer (%s)', async (ending) => {
    const raw = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    for (let length = 0; length < raw.length; length++) {
      const outcome = await ask([raw.slice(0, length), ''], { ending });
      expect(outcome, `after ${length} bytes`).toMatchObject(BROKEN_OFF);
    }
  });
});
