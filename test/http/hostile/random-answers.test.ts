import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../builders/property-runs.ts';
import { type RawConnection, RawServer } from '../../doubles/raw-server.ts';
import { damaged } from '../../fuzz/fuzzing.ts';
import { BROKEN_OFF, NEXT, outcomeOf, type Send, soon, wireTo } from './asking.ts';
import { meaningOf } from './reference-parser.ts';

const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const printable = (maxLength: number) => fc.string({ unit: 'grapheme-ascii', maxLength });
const token = fc.stringMatching(/^[a-zA-Z!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.oneof(
  printable(30),
  latin1(30).map((text) =>
    Array.from(text, (letter) => (letter < ' ' || letter === '\x7f' ? '\t' : letter)).join(''),
  ),
);
const padding = fc.constantFrom('', ' ', '\t', '   ');
const header = fc
  .tuple(
    token.map((name) => `X${name}`),
    padding,
    value,
    padding,
  )
  .map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`);
const listHeader = value.map((text) => `Link: ${text}\r\n`);
const headers = fc.array(fc.oneof({ arbitrary: header, weight: 4 }, { arbitrary: listHeader, weight: 1 }), {
  maxLength: 6,
});
const reason = fc.oneof(
  fc.constant(''),
  fc.constant(' '),
  value.map((text) => ` ${text}`),
);
const statusLine = fc
  .tuple(fc.constantFrom('0', '1', '1', '1'), fc.integer({ min: 200, max: 599 }), reason)
  .map(([minor, status, text]) => `HTTP/1.${minor} ${status}${text}\r\n`);
const interim = headers.map((lines) => `HTTP/1.1 103 Early Hints\r\n${lines.join('')}\r\n`);
const extension = fc.oneof(
  { arbitrary: fc.constant(''), weight: 3 },
  { arbitrary: token.map((name) => `;${name}`), weight: 1 },
  { arbitrary: fc.tuple(token, token).map(([name, text]) => `;${name}=${text}`), weight: 1 },
  { arbitrary: fc.tuple(token, token).map(([name, text]) => `;${name}="${text}; ,"`), weight: 1 },
);

/** A piece of a body in its chunk. */
const chunk = fc
  .tuple(latin1(40), extension, fc.nat(3), fc.boolean())
  .filter(([piece]) => piece !== '')
  .map(([piece, text, zeros, isUpper]) => {
    const size = '0'.repeat(zeros) + piece.length.toString(16);
    return `${isUpper ? size.toUpperCase() : size}${text}\r\n${piece}\r\n`;
  });
const chunks = fc
  .tuple(fc.array(chunk, { maxLength: 8 }), extension, headers)
  .map(([all, last, trailers]) => `${all.join('')}0${last}\r\n${trailers.join('')}\r\n`);

/** The last header, the empty line and the body. */
const framed = fc.oneof(
  latin1(2000).map((body) => `Content-Length: ${body.length}\r\n\r\n${body}`),
  chunks.map((body) => `Transfer-Encoding: chunked\r\n\r\n${body}`),
  latin1(200).map((body) => `\r\n${body}`),
);
const answer = fc
  .tuple(fc.array(interim, { maxLength: 2 }), statusLine, headers, framed)
  // HTTP/1.0 has no chunks
  .map(([before, line, lines, rest]) => {
    const first = rest.startsWith('Transfer') ? line.replace('HTTP/1.0', 'HTTP/1.1') : line;
    return `${before.join('')}${first}${lines.join('')}${rest}`;
  });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

/** A server that plays to each request what was set for it and closes the connection, and its wire. */
async function setUp() {
  const played = new Map<string, readonly Uint8Array[]>();
  let last: RawConnection | undefined;
  const server = await RawServer.start(async (connection) => {
    for (let next = await connection.request(); next; next = await connection.request()) {
      const path = next.line.split(' ')[1] ?? '';
      await connection.send(...(played.get(path) ?? [NEXT]));
      if (!played.has(path)) continue;
      connection.end();
      last = connection;
    }
  });
  const send = wireTo(server);
  let count = 0;
  const play = async (raw: Uint8Array, places: readonly number[], parts: Parameters<Send>[1] = {}) => {
    const path = `/${count++}`;
    last = undefined;
    played.set(path, pieces(raw, places));
    const outcome = await outcomeOf(send(path, parts));
    await soon('the connection is closed', () => last?.isClosed === true);
    played.delete(path);
    return outcome;
  };
  return { send, play };
}

function pieces(raw: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = fractions.map((at) => Math.floor(at * raw.length)).toSorted((a, b) => a - b);
  return [0, ...places].map((start, index) => raw.subarray(start, places[index] ?? raw.length));
}

describe('any valid answer', () => {
  it.each(['buffer', 'stream'] as const)('means the same wherever it is cut (%s)', async (kind) => {
    const { play } = await setUp();
    const property = fc.asyncProperty(answer, cuts, async (raw, places) => {
      const expected = meaningOf(raw);
      expect(expected).not.toBe('broken');
      expect(await play(Buffer.from(raw, 'latin1'), places, { answer: kind })).toEqual(expected);
    });
    await fc.assert(property, runs({ seed: 20_261_131, numRuns: 300 }));
  });

  it('that is not complete is never a whole one', async () => {
    const { play } = await setUp();
    const end = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const property = fc.asyncProperty(answer, end, cuts, async (raw, at, places) => {
      const part = raw.slice(0, Math.floor(at * raw.length));
      const expected = meaningOf(part);
      const outcome = await play(Buffer.from(part, 'latin1'), places);
      expect(outcome).toMatchObject(expected === 'broken' ? BROKEN_OFF : expected);
    });
    await fc.assert(property, runs({ seed: 20_261_132, numRuns: 300 }));
  });
});

describe('any damaged answer', () => {
  it.each(['buffer', 'stream'] as const)(
    'is refused, or means what it means to a strict reader (%s)',
    async (kind) => {
      const { play, send } = await setUp();
      const latin = damaged(answer).map((bytes) => Buffer.from(bytes));
      const property = fc.asyncProperty(latin, cuts, async (raw, places) => {
        const outcome = await play(raw, places, { answer: kind });
        if (!('code' in outcome)) expect(outcome).toEqual(meaningOf(raw.toString('latin1')));
        expect(await outcomeOf(send('/next'))).toMatchObject({ status: 200, body: 'next' });
      });
      await fc.assert(property, runs({ seed: 20_261_133, numRuns: 400 }));
    },
  );

  it('with one byte changed in its head is refused, or means what it means to a strict reader', async () => {
    const { play, send } = await setUp();
    const bytes = fc.constantFrom(...Array.from('\r\n\0\t :;,0159afHT/.\x0b\x7f\x80\xff'));
    const head = 'HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 5\r\n\r\nhello world';
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n00b\r\n and so on.\r\n0\r\nY: b\r\n\r\n';
    const changed = fc.tuple(fc.constantFrom(head, chunked), fc.nat(), bytes, fc.boolean());
    const property = fc.asyncProperty(changed, async ([text, at, byte, isAdded]) => {
      const place = at % text.length;
      const raw = text.slice(0, place) + byte + text.slice(isAdded ? place : place + 1);
      const outcome = await play(Buffer.from(raw, 'latin1'), []);
      if (!('code' in outcome)) expect(outcome, JSON.stringify(raw)).toEqual(meaningOf(raw));
      expect(await outcomeOf(send('/next'))).toMatchObject({ status: 200, body: 'next' });
    });
    await fc.assert(property, runs({ seed: 20_261_134, numRuns: 1500 }));
  });
});
