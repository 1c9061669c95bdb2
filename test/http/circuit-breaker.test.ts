// Covers src/http/bodies/watched-upload.ts

import { describe, expect, it } from 'vitest';
import { withCircuitBreaker } from '../../src/http/circuit-breaker.ts';
import { type HttpRequest, isStreamBody, type Send } from '../../src/http/request.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { quiet, repositoryAt } from '../adapters/oci/client.ts';
import { FakeClock } from '../doubles/fake-clock.ts';

type Answer = number | RegistryError;

/** A host whose requests take some seconds, and end so from now on. */
function setUp({ seconds = 30 } = {}) {
  const clock = new FakeClock();
  const state: { answer: Answer; sent: number } = { answer: 503, sent: 0 };
  const inner: Send = async ({ url }) => {
    state.sent += 1;
    clock.advance(seconds * 1000);
    if (state.answer instanceof RegistryError) throw state.answer;
    return { status: state.answer, headers: {}, url, body: new Uint8Array() };
  };
  const told: string[] = [];
  const send = withCircuitBreaker(inner, { clock, onDown: (what, why) => told.push(`${what}: ${why}`) });
  const ask = (host = 'down.test', more: Partial<Pick<HttpRequest, 'body' | 'method'>> = {}) =>
    send({ ...requestTo(host), ...more }).then(
      ({ status }) => status,
      (error: unknown) => String(error),
    );
  const askOften = async (times: number, answer: Answer) => {
    state.answer = answer;
    const answers = [];
    for (let time = 0; time < times; time++) answers.push(await ask());
    return answers;
  };
  return { clock, state, told, ask, askOften };
}

function requestTo(host: string): HttpRequest {
  return {
    method: 'GET',
    url: new URL(`https://${host}/`),
    host,
    repository: repositoryAt({ host }, 'app'),
    headers: {},
    scopes: [],
    signal: quiet(),
  };
}

const LOST = new RegistryError('unreachable', 'GET https://down.test/: reset', { temporary: true });

describe('a host that is down', () => {
  it.each([
    ['answers with 503', 503, 'status 503'],
    ['does not answer', LOST, 'GET https://down.test/: reset'],
  ])('is not asked any more once that is clear: it %s', async (_how, answer, why) => {
    const { askOften, state } = setUp();
    await askOften(5, answer);
    expect(await askOften(2, answer)).toEqual(
      Array(2).fill(`RegistryError: request not sent: the last 5 requests to down.test failed: ${why}`),
    );
    expect(state.sent).toBe(5);
  });

  it('is probed, and used as before once it is up again', async () => {
    const { askOften, clock, state } = setUp();
    await askOften(6, LOST);
    clock.advance(10_000);
    await askOften(2, LOST);
    expect(state.sent).toBe(6);
    clock.advance(10_000);
    expect(await askOften(3, 200)).toEqual([200, 200, 200]);
  });

  it('is known to be so a minute after it began to be, and no retry is spent on that', async () => {
    const clock = new FakeClock();
    const send = withCircuitBreaker(() => Promise.reject(LOST), { clock, onDown: () => {} });
    const ask = () => send(requestTo('down.test')).catch((error: unknown) => error);
    for (let time = 0; time < 4; time++) {
      expect(await ask()).toBe(LOST);
      clock.advance(15_000);
    }
    expect(await ask()).toBe(LOST);
    expect(await ask()).toMatchObject({ code: 'unreachable', temporary: false });
  });

  it('is reported once, and again when it is down again', async () => {
    const { askOften, clock, told } = setUp();
    await askOften(4, 503);
    expect(told).toEqual([]);
    await askOften(3, 503);
    clock.advance(10_000);
    await askOften(1, 503); // it is tried, and still down
    expect(told).toEqual(['down.test: status 503']);
    clock.advance(10_000);
    await askOften(1, 200);
    await askOften(5, 500);
    expect(told).toEqual(['down.test: status 503', 'down.test: status 500']);
  });

  it.each([
    ['writes', ['POST', 'PUT', 'DELETE'], ['GET', 'HEAD'], 'down.test (writes)'],
    ['reads', ['GET', 'HEAD'], ['POST', 'PUT'], 'down.test'],
  ] as const)('to %s may be up to others', async (_what, down, up, name) => {
    const { ask, state, told } = setUp();
    state.answer = 503;
    for (let time = 0; time < 5; time++) await ask('down.test', { method: down[time % 2] ?? down[0] });
    const refusal = `request not sent: the last 5 requests to ${name} failed`;
    for (const method of down) expect(await ask('down.test', { method })).toContain(refusal);
    state.answer = 200;
    for (const method of up) expect(await ask('down.test', { method })).toBe(200);
    expect(told).toEqual([`${name}: status 503`]);
  });

  it('holds up no other', async () => {
    const { askOften, ask } = setUp();
    await askOften(6, LOST);
    expect(await ask('other.test')).toBe('RegistryError: GET https://down.test/: reset');
  });
});

describe('a host that is up', () => {
  it.each([
    ['answers well in between', [503, 503, 503, 503, 404, 503, 503, 503, 503, 200, 503]],
    ['refuses what it is asked', Array<number>(12).fill(403)],
    [
      'is asked what no retry cures',
      Array.from({ length: 12 }, () => new RegistryError('mismatch', 'not its bytes')),
    ],
  ])('is asked for ever: it %s', async (_how, answers) => {
    const { askOften, state } = setUp();
    for (const answer of answers) await askOften(1, answer);
    expect(state.sent).toBe(answers.length);
  });

  it('is asked for ever where it fails at once', async () => {
    const { askOften, state } = setUp({ seconds: 1 });
    await askOften(50, 503);
    expect(state.sent).toBe(50);
  });
});

describe('a host that takes no uploads', () => {
  const upload = { method: 'PUT', body: { size: 1, open: () => Promise.resolve(Buffer.of(1)) } } as const;

  /** Sends to a host that answers to everything but uploads, which take half a minute; what the last upload met. */
  async function uploadOften(opened: HttpRequest['body'], times: number): Promise<string> {
    const clock = new FakeClock();
    const inner: Send = async ({ url, body }) => {
      if (!isStreamBody(body)) return { status: 202, headers: {}, url, body: new Uint8Array() };
      clock.advance(30_000);
      await body.open();
      throw LOST;
    };
    const send = withCircuitBreaker(inner, { clock, onDown: () => {} });
    let last = '';
    for (let time = 0; time < times; time++) {
      await send({ ...requestTo('down.test'), method: 'POST' });
      const sent = send({ ...requestTo('down.test'), ...upload, ...(opened && { body: opened }) });
      last = await sent.then(String, (error: unknown) => String(error));
    }
    return last;
  }

  it('is not sent any more of them, though it opens them', async () => {
    expect(await uploadOften(upload.body, 5)).toContain('reset');
    expect(await uploadOften(upload.body, 6)).toMatch(
      /request not sent: the last 5 requests to down\.test \(uploads\) failed/,
    );
  });

  it('is not blamed for bytes that could not be had', async () => {
    const open = () => Promise.reject(LOST);
    expect(await uploadOften({ size: 1, open }, 9)).toBe(String(LOST));
  });
});
