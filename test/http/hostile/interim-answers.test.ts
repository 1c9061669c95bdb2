import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { until } from '../../adapters/oci/client.ts';
import { FakeTimers } from '../../doubles/fake-timers.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import {
  allClosed,
  ask,
  askTwice,
  BROKEN_OFF,
  bytewise,
  CHUNKED,
  outcomeOf,
  REFUSED,
  withHeaders,
  wireTo,
} from './asking.ts';

const FINAL = withHeaders('Content-Length: 5', 'X: final');
const FLOOD = 24 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('an interim answer', () => {
  it.each([
    ['102', rawAnswer(['HTTP/1.1 102 Processing'])],
    ['103', rawAnswer(['HTTP/1.1 103 Early Hints', 'Link: <a>', 'X: interim', 'Y: interim'])],
    ['an unknown one', rawAnswer(['HTTP/1.1 199 X', 'X: interim'])],
    ['three', rawAnswer(['HTTP/1.1 103 Early Hints', 'X: interim']).repeat(3)],
    ['several kinds', rawAnswer(['HTTP/1.1 102 P']) + rawAnswer(['HTTP/1.1 103 E', 'Y: a'])],
    ['that says close', rawAnswer(['HTTP/1.1 103 Early Hints', 'Connection: keep-alive'])],
  ])('comes before the answer, and none of its headers is the answer’s: %s', async (_what, interim) => {
    for (const pieces of [[interim + FINAL], [interim, FINAL], bytewise(interim + FINAL)]) {
      const { first, second, connections } = await askTwice(pieces);
      expect(first).toEqual({
        status: 200,
        headers: { 'content-length': '5', x: 'final' },
        body: 'hello',
      });
      expect({ second, connections }).toMatchObject({ second: { body: 'next' }, connections: 1 });
    }
  });

  it('comes before a stream as well', async () => {
    const raw = rawAnswer(['HTTP/1.1 103 Early Hints', 'X: interim']) + FINAL;
    for (const pieces of [raw, bytewise(raw)]) {
      expect(await ask(pieces, { answer: 'stream' })).toMatchObject({
        headers: { x: 'final' },
        body: 'hello',
      });
    }
  });

  it.each([
    ['a length', 'Content-Length: 5'],
    ['a length of zero', 'Content-Length: 0'],
    ['chunks', CHUNKED],
  ])('has no body, whatever it says of %s', async (_what, header) => {
    const raw = rawAnswer(['HTTP/1.1 103 Early Hints', header]) + FINAL;
    for (const pieces of [raw, bytewise(raw)]) {
      const { first, second } = await askTwice(pieces);
      // it may be refused: its server has said two things
      if ('code' in first) expect(first).toMatchObject(REFUSED);
      else expect(first).toMatchObject({ status: 200, headers: { x: 'final' }, body: 'hello' });
      expect(second).toMatchObject({ status: 200, body: 'next' });
    }
  });

  it('that has a body is followed by no answer', async () => {
    const raw = `${rawAnswer(['HTTP/1.1 103 Early Hints', 'Content-Length: 5'], 'early')}${FINAL}`;
    const { first, second } = await askTwice(raw);
    expect(first).toMatchObject(REFUSED);
    expect(second).toMatchObject({ status: 200, body: 'next' });
  });

  it('is not enough', async () => {
    for (const ending of ['close', 'reset'] as const) {
      const pieces = [rawAnswer(['HTTP/1.1 103 Early Hints']), ''];
      expect(await ask(pieces, { ending })).toMatchObject(BROKEN_OFF);
      expect(await ask([...pieces, 'HTTP/1.1 200 OK\r\nConte'], { ending })).toMatchObject(BROKEN_OFF);
    }
  });

  it.each([
    ['101', rawAnswer(['HTTP/1.1 101 Switching Protocols', 'Upgrade: h2c', 'Connection: Upgrade'])],
    ['101 without an upgrade', rawAnswer(['HTTP/1.1 101 Switching Protocols'])],
    ['one with a status below 100', rawAnswer(['HTTP/1.1 099 X'])],
    ['one with status 0', rawAnswer(['HTTP/1.1 000 X'])],
    ['one with invalid headers', rawAnswer(['HTTP/1.1 103 Early Hints', 'X : a'])],
    ['one with two lengths', rawAnswer(['HTTP/1.1 103 E', 'Content-Length: 1', 'Content-Length: 2'])],
  ])('is refused: %s', async (_what, interim) => {
    expect(await ask(interim + FINAL)).toMatchObject(REFUSED);
    expect(await ask([interim, FINAL])).toMatchObject(REFUSED);
    expect(await ask(rawAnswer(['HTTP/1.1 103 Early Hints']) + interim + FINAL)).toMatchObject(REFUSED);
  });

  it('may not have endless headers', async () => {
    const raw = rawAnswer(['HTTP/1.1 103 Early Hints', `X: ${'x'.repeat(300 * 1024)}`]);
    expect(await ask(raw + FINAL)).toMatchObject(REFUSED);
  });
});

describe('interim answers without an end', () => {
  it.each([
    ['small ones', rawAnswer(['HTTP/1.1 103 E']).repeat(4000)],
    ['large ones', rawAnswer(['HTTP/1.1 103 Early Hints', `X: ${'x'.repeat(100_000)}`])],
    ['many headers', rawAnswer(['HTTP/1.1 103 Early Hints', ...Array<string>(9000).fill('a: b')])],
  ])('end with the time limit, and are not kept: %s', async (_what, piece) => {
    let before = 0;
    let isSent = false;
    const server = await RawServer.start(async (connection) => {
      await connection.request();
      before = await bytesInUse();
      while (!connection.isClosed && connection.sent < FLOOD) await connection.send(piece);
      isSent = true;
    });
    const timers = new FakeTimers();
    const asked = outcomeOf(wireTo(server, { startTimer: timers.start })());
    await until(() => isSent);
    expect((await bytesInUse()) - before).toBeLessThan(FLOOD / 3);
    timers.end();
    // or earlier, by a limit of their number
    expect(await asked).toMatchObject({ code: expect.stringMatching(/^(?:unreachable|unexpected)$/) });
    await allClosed(server);
  });
});

async function bytesInUse(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await turns(5); // buffers are freed besides
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
