// Covers src/http/limits/connection-slots.ts

import { describe, expect, it } from 'vitest';
import type { HttpRequest, HttpResponse, Method, Send } from '../../../src/http/request.ts';
import { DEFAULT_RATE_LIMITS } from '../../../src/http/limits/rate-limits.ts';
import { type RateLimitOptions, withRateLimits } from '../../../src/http/limits/with-rate-limits.ts';
import type { Keychain } from '../../../src/ports/keychain.ts';
import { image, push } from '../../builders/images.ts';
import { uploadBlob } from '../../system/contract/push-through-port.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  keychainOf,
  quiet,
  readAll,
  repositoryAt,
  until,
} from '../../adapters/oci/client.ts';

function requestTo(host: string, slot?: 'none'): HttpRequest {
  const url = new URL(`https://${host}/`);
  const repository = repositoryAt({ host: `${host}.example.com` }, 'app');
  return {
    method: 'GET',
    url,
    host,
    repository,
    headers: {},
    scopes: [],
    signal: quiet(),
    ...(slot && { slot }),
  };
}

it('the read of a precondition has a turn of its own beside that of its write', async () => {
  const clock = new FakeClock();
  const rateLimits = { ...DEFAULT_RATE_LIMITS, hosts: new Map([['a', { requests: 1, writes: Infinity }]]) };
  const ports = { threads: 5, perHost: 5, rateLimits, clock, keychain: keychainOf({}) };
  const { send, held } = heldTransport();
  const bounded = withRateLimits(send, ports);
  const put = {
    ...requestTo('a'),
    method: 'PUT',
    precondition: () => Promise.resolve('free' as const),
  } as const;
  const writing = Promise.all([bounded(put), bounded(put)]);
  await settle();
  for (const one of held.slice()) one.answer();
  await writing;
  expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(1900);
});

/** A transport that answers when it is told to. */
function heldTransport() {
  const held: { readonly host: string; answer(): void }[] = [];
  let most = 0;
  const send: Send = (request) =>
    new Promise<HttpResponse>((resolve) => {
      const response = { status: 200, headers: {}, url: request.url, body: new Uint8Array() };
      const one = {
        host: request.host,
        answer: () => {
          held.splice(held.indexOf(one), 1);
          resolve(response);
        },
      };
      held.push(one);
      most = Math.max(most, held.length);
    });
  const at = (host: string) => held.filter((one) => one.host === host);
  return { send, held, at, most: () => most };
}

/** Lets everything run that can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function slots(inner: Send, limits: Pick<RateLimitOptions, 'threads' | 'perHost' | 'perLoneHost'>): Send {
  return withRateLimits(inner, {
    ...limits,
    rateLimits: DEFAULT_RATE_LIMITS,
    clock: new FakeClock(),
    keychain: keychainOf({}),
  });
}

describe('slots', () => {
  it('bound the requests in flight', async () => {
    const wire = heldTransport();
    const send = slots(wire.send, { threads: 7, perHost: 32 });
    const all = Promise.all(Array.from({ length: 100 }, (_, number) => send(requestTo(`h${number % 3}`))));
    await settle();
    expect(wire.held).toHaveLength(7);
    while (wire.held.length > 0) {
      wire.held[0]?.answer();
      await settle();
    }
    expect(await all).toHaveLength(100);
    expect(wire.most()).toBe(7);
  });

  it('bound the requests to one host, so that a slow one does not hold up the others', async () => {
    const wire = heldTransport();
    const send = slots(wire.send, { threads: 10, perHost: 6 });
    const slow = Promise.all(Array.from({ length: 50 }, () => send(requestTo('slow'))));
    await settle();
    expect(wire.at('slow')).toHaveLength(6);
    const fast = Promise.all(Array.from({ length: 20 }, () => send(requestTo('fast'))));
    await settle();
    while (wire.at('fast').length > 0) {
      wire.at('fast')[0]?.answer();
      await settle();
    }
    expect(await fast).toHaveLength(20);
    expect(wire.at('slow')).toHaveLength(6);
    while (wire.held.length > 0) {
      wire.held[0]?.answer();
      await settle();
    }
    expect(await slow).toHaveLength(50);
  });

  it('are more for a host that is alone, and its usual number again once others need the threads', async () => {
    const wire = heldTransport();
    const send = slots(wire.send, { threads: 10, perHost: 6, perLoneHost: 12 });
    const alone = Promise.all(Array.from({ length: 60 }, () => send(requestTo('alone'))));
    const answer = async (host: string) => {
      wire.at(host)[0]?.answer();
      await settle();
    };
    await settle();
    for (let answers = 0; answers < 10; answers++) await answer('alone');
    expect(wire.at('alone')).toHaveLength(8);
    const other = Promise.all(Array.from({ length: 20 }, () => send(requestTo('other'))));
    await settle();
    expect(wire.at('other')).toHaveLength(2);
    for (let answers = 0; answers < 2; answers++) await answer('alone');
    expect([wire.at('alone').length, wire.at('other').length]).toEqual([6, 4]);
    while (wire.held.length > 0) for (const { host } of wire.held.slice()) await answer(host);
    expect([(await alone).length, (await other).length]).toEqual([60, 20]);
    expect(wire.most()).toBe(10);
  });

  it('are given back after a failure', async () => {
    let calls = 0;
    const failing: Send = () => {
      calls += 1;
      return Promise.reject(new Error('broken'));
    };
    const send = slots(failing, { threads: 1, perHost: 1 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => send(requestTo('h'))));
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(calls).toBe(5);
  });

  it('are not needed by what another request waits for', async () => {
    const wire = heldTransport();
    const send = slots(wire.send, { threads: 1, perHost: 1 });
    const outer = send(requestTo('h'));
    const inner = send(requestTo('h', 'none'));
    await settle();
    expect(wire.held).toHaveLength(2);
    for (const one of wire.held.toReversed()) one.answer();
    await Promise.all([outer, inner]);
  });
});

describe('one request at a time', () => {
  const content = image({ seed: 'one', layers: 3, layerBytes: 700_000 });
  const auth = { kind: 'token', users: { alice: 'a' } } as const;

  it('is enough to promote blobs within a host and between hosts', async () => {
    const from = await embeddedForTest({ auth });
    const to = await embeddedForTest({ auth });
    push(from, 'app', content);
    const credential = { kind: 'basic', username: 'alice', password: 'a' } as const;
    const keychain = keychainOf({ [from.host]: credential, [to.host]: credential });
    const { registry } = clientForTest({ keychain, threads: 1 });
    for (const destination of [repositoryAt(from, 'copy'), repositoryAt(to, 'copy')]) {
      await Promise.all(
        content.blobs.map(async (blob) => {
          const session = await registry.startUpload(destination, quiet());
          const open = () => registry.openBlob(repositoryAt(from, 'app'), descriptorOf(blob), quiet());
          await registry.finishUpload({ session, blob: descriptorOf(blob), open }, quiet());
        }),
      );
    }
    expect(from.store.blobs('copy')).toHaveLength(4);
    expect(to.store.blobs('copy')).toHaveLength(4);
  });

  it('never becomes two at the server', async () => {
    const server = await embeddedForTest();
    push(server, 'app', content);
    const { registry } = clientForTest({ threads: 1 });
    const asked = Array.from({ length: 50 }, () =>
      registry.hasBlob(repositoryAt(server, 'app'), content.manifest.digest, quiet()),
    );
    const unanswered = () => server.requests.filter(({ status }) => status === 0).length;
    let most = 0;
    let done = false;
    void Promise.allSettled(asked).then(() => (done = true));
    await until(() => {
      most = Math.max(most, unanswered());
      return done;
    });
    expect(most).toBeLessThanOrEqual(1);
    expect(server.requests).toHaveLength(50);
  });

  it('is not waited for by a blob that is read', async () => {
    const server = await embeddedForTest();
    push(server, 'app', content);
    const { registry } = clientForTest({ threads: 1 });
    await registry.list(repositoryAt(server, 'app'), quiet());
    server.addFault({ kind: 'tags', act: { kind: 'stall' } });
    const stop = new AbortController();
    const stalled = registry.list(repositoryAt(server, 'app'), stop.signal).catch(() => 'stopped');
    await until(() => server.requests.length === 2);
    const [blob] = content.blobs;
    const body = await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(blob!), quiet());
    expect((await readAll(body)).equals(blob!.bytes)).toBe(true);
    stop.abort();
    expect(await stalled).toBe('stopped');
    await uploadBlob(registry, repositoryAt(server, 'app'), { blob: blob! });
  });
});

describe('a host whose answers are all', () => {
  /** Milliseconds of the wait of a request after six answers of one kind. */
  async function waitAfter(
    answer: Partial<HttpResponse>,
    [first, second]: readonly [Method, Method] = ['GET', 'GET'],
  ) {
    const clock = new FakeClock();
    let answers = 0;
    const inner: Send = async ({ url }) => {
      answers += 1;
      return { status: 200, headers: {}, url, body: new Uint8Array(), ...(answers <= 6 && answer) };
    };
    const limits = {
      threads: 8,
      perHost: 8,
      rateLimits: DEFAULT_RATE_LIMITS,
      clock,
      keychain: keychainOf({}),
    };
    const send = withRateLimits(inner, limits);
    for (let number = 0; number < 6; number++) await send({ ...requestTo('h'), method: first });
    await send({ ...requestTo('h'), method: second });
    return Math.max(0, ...clock.waits);
  }
  const LATER = { 'retry-after': '7' };

  it.each<[string, Partial<HttpResponse>, number]>([
    ['429 is paused until the time that it names', { status: 429, headers: LATER }, 7000],
    ['503 too', { status: 503, headers: LATER }, 7000],
    ['429 without a time is paused for a while', { status: 429 }, 750],
    ['503 without a time is not paused', { status: 503 }, 0],
    ['500 is not paused', { status: 500, headers: LATER }, 0],
    ['200 is not paused', { status: 200, headers: LATER }, 0],
    [
      '429 from its storage is not paused',
      { status: 429, headers: LATER, url: new URL('https://storage.example/') },
      0,
    ],
  ])('%s', async (_what, answer, wait) => {
    expect(await waitAfter(answer)).toBe(wait);
  });

  it.each([
    ['POST', 'POST', 7000],
    ['POST', 'GET', 0],
    ['POST', 'HEAD', 0],
    ['GET', 'POST', 7000],
    ['HEAD', 'POST', 7000],
    ['HEAD', 'GET', 7000],
  ] as const)('429 to a %s delays a %s by %i ms', async (first, second, wait) => {
    expect(await waitAfter({ status: 429, headers: LATER }, [first, second])).toBe(wait);
  });
});

describe('a request that has had its turn', () => {
  it.each(['GET', 'POST'] as const)('waits again if the host is paused before its %s', async (method) => {
    const clock = new FakeClock();
    const sentAt: number[] = [];
    const inner: Send = async ({ url }) => {
      sentAt.push(clock.monotonic());
      await settle(); // the next one has its turn, and waits for the slot
      clock.advance(1);
      const refusal = { status: 429, headers: { 'retry-after': '7' } };
      return { status: 200, headers: {}, url, body: new Uint8Array(), ...(sentAt.length <= 6 && refusal) };
    };
    const limits = {
      threads: 1,
      perHost: 1,
      rateLimits: DEFAULT_RATE_LIMITS,
      clock,
      keychain: keychainOf({}),
    };
    const send = withRateLimits(inner, limits);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => send({ ...requestTo('h'), method })));
    expect(answers.map(({ status }) => status)).toEqual([...Array(6).fill(429), 200]);
    const times = sentAt.map((at) => at - (sentAt[0] ?? 0));
    expect(times.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(times[6]).toBeGreaterThanOrEqual(7000);
  });
});

describe("one identity at all of Google's hosts", () => {
  const HOSTS = ['gcr.io', 'eu.gcr.io'];
  const RATE_LIMITS = { hosts: new Map(), user: 2 };

  function toGoogle(host: string): HttpRequest {
    return { ...requestTo(host), repository: repositoryAt({ host }, 'app') };
  }

  async function secondsOf(keychain: Keychain) {
    const clock = new FakeClock();
    const begun = clock.monotonic();
    const inner: Send = async ({ url }) => ({ status: 200, headers: {}, url, body: new Uint8Array() });
    const send = withRateLimits(inner, { threads: 8, perHost: 8, rateLimits: RATE_LIMITS, clock, keychain });
    for (let number = 0; number < 10; number++) await send(toGoogle(HOSTS[number % 2] ?? ''));
    return (clock.monotonic() - begun) / 1000;
  }

  it('has one rate limit of two requests each second', async () => {
    const credential = { kind: 'basic', username: 'alice', password: 'a' } as const;
    expect(await secondsOf(keychainOf({ 'gcr.io': credential, 'eu.gcr.io': credential }))).toBeCloseTo(
      4.5,
      1,
    );
  });

  it('leaves another identity its own', async () => {
    const alice = { kind: 'basic', username: 'alice', password: 'a' } as const;
    const bob = { ...alice, username: 'bob' };
    expect(await secondsOf(keychainOf({ 'gcr.io': alice, 'eu.gcr.io': bob }))).toBeLessThan(2);
  });

  it('counts as anonymous if its lookup fails', async () => {
    expect(await secondsOf({ identityFor: () => Promise.reject(new Error('no key')) })).toBeCloseTo(4.5, 1);
  });

  it.each([
    ['per user', 'gcr.io', 'eu.gcr.io', 7],
    ['per project', 'gcr.io', 'eu.gcr.io', 0],
    ['per project', 'gcr.io', 'gcr.io', 7],
    ['per user', 'gcr.io', 'registry.test', 0],
    ['per user', 'registry.test', 'registry.test', 7],
  ])(
    'after refusals for "requests %s" from %s a request to %s waits %i s',
    async (words, refusing, asked, expected) => {
      const clock = new FakeClock();
      let answers = 0;
      const inner: Send = async ({ url }) => {
        answers += 1;
        const body = Buffer.from(`Quota exceeded for quota metric 'Requests' and limit 'Requests ${words}'`);
        const refusal = { status: 429, headers: { 'retry-after': '7' }, body };
        return { status: 200, headers: {}, url, body: new Uint8Array(), ...(answers <= 6 && refusal) };
      };
      const limits = {
        threads: 8,
        perHost: 8,
        rateLimits: DEFAULT_RATE_LIMITS,
        clock,
        keychain: keychainOf({}),
      };
      const send = withRateLimits(inner, limits);
      for (let number = 0; number < 6; number++) await send(toGoogle(refusing));
      await send(toGoogle(asked));
      const longest = Math.max(0, ...clock.waits);
      expect(longest > 1000 ? longest : 0).toBeCloseTo(expected * 1000, -3);
    },
  );
});
