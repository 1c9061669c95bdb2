// Covers src/http/http1/request-head.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/http/request.ts';
import { runs } from '../../builders/property-runs.ts';
import { type RawRequest, RawServer } from '../../doubles/raw-server.ts';
import { NEXT, outcomeOf, type Send, wireTo } from './asking.ts';

/** A server that keeps its requests, and its wire. */
async function setUp(userAgent?: string) {
  const requests: RawRequest[] = [];
  const server = await RawServer.start(async (connection) => {
    for (let next = await connection.request(); next; next = await connection.request()) {
      requests.push(next);
      await connection.send(NEXT);
    }
  });
  return { server, requests, send: wireTo(server, { ...(userAgent !== undefined && { userAgent }) }) };
}

/** The result of a request; any error counts as one that refuses it. */
function sent(send: Send, path: string, parts: Partial<HttpRequest> = {}) {
  return outcomeOf(send(path, parts)).then(
    (outcome) => ('code' in outcome ? ('refused' as const) : ('sent' as const)),
    () => 'refused' as const,
  );
}

const NAMES = /^(?:host|connection|accept-encoding|content-length|x-[a-z]+|user-agent)$/;

/** Throws unless a request is one request, with no other headers than those that were meant. */
function expectOne(requests: readonly RawRequest[]): void {
  for (const request of requests) {
    expect(request.line).toMatch(/^(?:GET|PUT) \/[!-~]* HTTP\/1\.1$/);
    expect(Object.keys(request.headers)).toEqual(
      Object.keys(request.headers).filter((name) => NAMES.test(name)),
    );
    // oxlint-disable-next-line no-control-regex -- control characters are what it is for
    expect(request.head).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/);
  }
}

const INJECTIONS: readonly (readonly [string, string])[] = [
  ['CR LF', '\r\nEvil: 1'],
  ['LF', '\nEvil: 1'],
  ['CR', '\rEvil: 1'],
  ['an empty line and a request', '\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n'],
  ['CR LF at its end', 'a\r\n'],
  ['a folded line', 'a\r\n Evil: 1'],
  ['NUL', 'a\0b'],
  ['a control character', 'a\x01b'],
  ['DEL', 'a\x7fb'],
  ['a letter whose low byte is LF', 'a\u010aEvil: 1'],
  ['letters whose low bytes are CR LF', 'a\u010d\u010aEvil: 1'],
  ['letters that look like CR LF', 'a\u560d\u560aEvil: 1'],
  ['a line separator', 'a\u2028Evil: 1'],
  ['half a letter', 'a\ud83d'],
];

describe('a request never becomes two, or gets another header', () => {
  it.each(INJECTIONS)('by %s in a header', async (_what, text) => {
    const { send, requests, server } = await setUp();
    await sent(send, '/a', { headers: { 'x-a': text } });
    expect(await sent(send, '/b')).toBe('sent');
    expectOne(requests);
    expect(server.received).not.toMatch(/^evil/im);
    expect(server.received.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(requests.length);
  });

  it.each(INJECTIONS)('by %s in the name of a header', async (_what, text) => {
    const { send, requests, server } = await setUp();
    await sent(send, '/a', { headers: { [`x-a${text}`]: 'a' } });
    await sent(send, '/a', { headers: { [text]: 'a' } });
    expect(await sent(send, '/b')).toBe('sent');
    expectOne(requests);
    expect(server.received).not.toMatch(/^evil/im);
  });

  it.each(INJECTIONS)('by %s in the path', async (_what, text) => {
    const { send, requests, server } = await setUp();
    await sent(send, `/a${text}`);
    await sent(send, `/a?b=${text}`);
    await sent(send, `/a#${text}`);
    expect(await sent(send, '/b')).toBe('sent');
    expectOne(requests);
    expect(server.received).not.toMatch(/^evil/im);
  });

  it.each(INJECTIONS)('by %s in the user agent', async (_what, text) => {
    const { send, requests, server } = await setUp(`cip${text}`);
    await sent(send, '/a');
    expectOne(requests);
    expect(server.received).not.toMatch(/^evil/im);
  });

  it.each([
    ['a space', 'x a'],
    ['a colon', 'x:a'],
    ['nothing', ''],
    ['a letter that is not ASCII', 'x-\u00e9'],
    ['a letter whose low byte is a colon', 'x\u013a'],
  ])('by %s in the name of a header', async (_what, name) => {
    const { send, requests } = await setUp();
    expect(await sent(send, '/a', { headers: { [name]: 'a' } })).toBe('refused');
    expect(await sent(send, '/b')).toBe('sent');
    expectOne(requests);
  });
});

describe('the headers of a request cannot contradict its body', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['by a smaller length', { 'content-length': '2' }],
    ['by a larger length', { 'content-length': '500' }],
    ['by a length that is no number', { 'content-length': '5, 5' }],
    ['by an empty length', { 'content-length': '' }],
    ['by chunks', { 'transfer-encoding': 'chunked' }],
    ['by chunks and a length', { 'transfer-encoding': 'chunked', 'content-length': '5' }],
    ['by a name in capitals', { 'Content-Length': '2', 'content-length': '500' }],
  ])('%s', async (_what, headers) => {
    const { send, requests, server } = await setUp();
    await sent(send, '/a', { method: 'PUT', body: Buffer.from('GET /'), headers });
    expect(await sent(send, '/b')).toBe('sent');
    for (const request of requests.filter(({ line }) => line.startsWith('PUT'))) {
      expect(request.body.toString()).toBe('GET /');
      expect(request.head.match(/^content-length:/gim)).toHaveLength(1);
      expect(request.headers).not.toHaveProperty('transfer-encoding');
    }
    expect(requests.at(-1)?.line).toBe('GET /b HTTP/1.1');
    expect(server.received.match(/ HTTP\/1\.1\r\n/g)).toHaveLength(requests.length);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['a length', { 'content-length': '40' }],
    ['chunks', { 'transfer-encoding': 'chunked' }],
    ['both', { 'content-length': '40', 'transfer-encoding': 'chunked' }],
  ])('by %s where there is none: the next request would be taken for it', async (_what, headers) => {
    const heads: RawRequest[] = [];
    const server = await RawServer.start(async (connection) => {
      for (let next = await connection.head(); next; next = await connection.head()) {
        heads.push(next);
        await connection.send(NEXT); // it does not wait for a body
      }
    });
    const send = wireTo(server);
    await sent(send, '/a', { headers });
    expect(await sent(send, '/b')).toBe('sent');
    for (const { headers: arrived } of heads) {
      expect(arrived['content-length'] ?? '0').toBe('0');
      expect(arrived).not.toHaveProperty('transfer-encoding');
    }
  });
});

describe('a path arrives encoded', () => {
  it.each([
    ['a b', '/a%20b'],
    ['a\u00e9', '/a%C3%A9'],
    ['a\0b', '/a%00b'],
    ['a\r\nb', '/ab'],
    ['?q=a b&c=\u00e9"', '/?q=a%20b&c=%C3%A9%22'],
    ['a#fragment', '/a'],
    ['', '/'],
  ])('%j', async (path, expected) => {
    const { send, requests } = await setUp();
    expect(await sent(send, `/${path}`)).toBe('sent');
    expect(requests[0]?.line).toBe(`GET ${expected} HTTP/1.1`);
  });

  it('without the credentials of its URL', async () => {
    const { send, server } = await setUp();
    const url = new URL(`http://user:canary@${server.host}/a`);
    await sent(send, '/a', { url });
    expect(server.received).not.toContain('canary');
  });
});

it('a header with any text arrives as it is, or nothing is sent', async () => {
  const { send, requests } = await setUp();
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc
      .array(fc.constantFrom('\r', '\n', ' ', '\t', ':', 'a', '\0', '\u010a'), { maxLength: 8 })
      .map((all) => all.join('')),
  );
  const property = fc.asyncProperty(text, async (value) => {
    const before = requests.length;
    const result = await sent(send, '/a', { headers: { 'x-a': value } });
    expect(requests).toHaveLength(before + (result === 'sent' ? 1 : 0));
    if (result === 'refused') return;
    expectOne(requests.slice(before));
    expect(requests.at(-1)?.headers['x-a']).toBe(value.replace(/^[\t ]+|[\t ]+$/g, ''));
  });
  await fc.assert(property, runs({ seed: 20_261_129, numRuns: 300 }));
});
