import { describe, expect, it } from 'vitest';
import { REQUEST_RETRY } from '../../../src/base/limits-and-retries.ts';
import { DEFAULT_RATE_LIMITS } from '../../../src/http/limits/rate-limits.ts';
import { withRateLimits } from '../../../src/http/limits/with-rate-limits.ts';
import type { Send } from '../../../src/http/request.ts';
import { withRetry } from '../../../src/http/retry.ts';
import { keychainOf } from '../../adapters/oci/client.ts';
import {
  applyLoad,
  type Behaviour,
  connectionLimit,
  fixedWindow,
  outage,
  refusingAtRandom,
  SimulatedHost,
  tokenBucket,
  type Verdict,
} from '../../doubles/simulated-host.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';

const SECOND = 1000;

/** Rate limits and retries of `cip`, as they wrap the wire. */
function clientOf(clock: VirtualClock, wire: Send): Send {
  const limits = {
    threads: 50,
    perHost: 32,
    rateLimits: DEFAULT_RATE_LIMITS,
    clock,
    keychain: keychainOf({}),
  };
  return withRetry(withRateLimits(wire, limits), { clock, policy: REQUEST_RETRY, onRetry: () => {} });
}

/** Runs a number of requests to the end. */
async function runAll(behaviour: Behaviour, requests: number) {
  const clock = new VirtualClock();
  const host = new SimulatedHost(clock, behaviour);
  const begun = clock.monotonic();
  const send = clientOf(clock, host.wireOf('a'));
  const failed = await clock.until(applyLoad({ clock, send, callers: 50, until: { requests } }));
  const elapsed = clock.monotonic() - begun;
  return { failed, seconds: elapsed / SECOND, ...host.measure({ from: 0, to: elapsed + 1 }) };
}

/** Runs clients for a time. */
async function runFor(behaviour: Behaviour, milliseconds: number, clients: readonly string[] = ['a']) {
  const clock = new VirtualClock();
  const host = new SimulatedHost(clock, behaviour);
  const loads = clients.map((client) => {
    const send = clientOf(clock, host.wireOf(client));
    return applyLoad({ clock, send, callers: 50, until: { milliseconds } });
  });
  const failed = await clock.until(Promise.all(loads));
  return { host, failed: failed.reduce((sum, some) => sum + some, 0) };
}

describe('a host that refuses a share of all requests, whatever their rate', () => {
  // 1,500 requests take 1 s without a refusal, and 30 s to 60 s in clients that pause the host for each one
  it.each([
    [0.01, 1, 4],
    [0.01, undefined, 4],
    [0.02, 1, 6],
    [0.02, undefined, 6],
    [0.05, 1, 10],
    [0.05, undefined, 10],
    [0.12, 1, 16],
    [0.12, undefined, 16],
  ])('of %d with Retry-After %s serves 1,500 requests within %d s', async (share, retryAfter, bound) => {
    const { failed, seconds } = await runAll(refusingAtRandom(share, retryAfter), 1500);
    expect(failed).toBe(0);
    expect(seconds).toBeLessThan(bound);
  });
});

describe('a host with a quota', () => {
  it.each([
    [10, 1],
    [10, undefined],
    [100, 1],
    [100, undefined],
    [1000, 1],
    [1000, undefined],
  ])(
    'of %d per second and Retry-After %s is used to nine tenths, and refuses one in fifty at most',
    async (quota, retryAfter) => {
      const end = quota === 1000 ? 40 * SECOND : 90 * SECOND; // 10,000 requests are measured
      const { host, failed } = await runFor(tokenBucket(quota, retryAfter), end);
      const { rate, refusedShare } = host.measure({ from: 30 * SECOND, to: end });
      expect(failed).toBe(0);
      expect(rate).toBeGreaterThan(0.9 * quota);
      expect(refusedShare).toBeLessThan(0.02);
    },
  );

  it.each([1, undefined])(
    'of 5,000 in each minute and Retry-After %s is used as well',
    async (retryAfter) => {
      const end = 260 * SECOND;
      const { host, failed } = await runFor(fixedWindow(5000, retryAfter), end);
      const { rate, refusedShare } = host.measure({ from: 20 * SECOND, to: end }); // four whole minutes
      expect(failed).toBe(0);
      expect(rate * 60).toBeGreaterThan(0.9 * 5000);
      expect(refusedShare).toBeLessThan(0.02);
    },
  );

  it.each([10, 100, 1000])('of %d per second is shared by two clients', async (quota) => {
    const end = quota === 1000 ? 40 * SECOND : 120 * SECOND;
    const { host, failed } = await runFor(tokenBucket(quota, 1), end, ['a', 'b']);
    const [a, b] = ['a', 'b'].map((client) => host.measure({ from: 0, to: end, client }).rate);
    expect(failed).toBe(0);
    expect(Math.min(a ?? 0, b ?? 0)).toBeGreaterThan(quota / 3);
  });
});

describe('a host that resets connections beyond a limit', () => {
  it.each([1, 2, 4, 10, 28])('of %d loses fewer than 50 requests', async (most) => {
    const { failed, refused, seconds } = await runAll(connectionLimit(most), 3000);
    expect(failed).toBe(0);
    expect(refused).toBeLessThan(50);
    expect(seconds).toBeLessThan((1.3 * (3000 * 0.02)) / most + 3);
  });

  it.each([0.01, 0.05, 0.12])('is distinguished from one that resets a share of %d of all', async (share) => {
    const { failed, seconds } = await runAll(({ random }) => (random < share ? 'reset' : 'ok'), 3000);
    expect(failed).toBe(0);
    expect(seconds).toBeLessThan(20);
  });
});

describe('a host that is down for 25 s', () => {
  it.each<[string, Verdict, number]>([
    ['resets', 'reset', 0.75],
    ['502', { status: 502 }, 0.75],
    ['503', { status: 503 }, 0.75],
  ])(
    'and answers with %s is waited for, and is back at full rate within 5 s',
    async (_what, verdict, least) => {
      const { host, failed } = await runFor(outage(10 * SECOND, 35 * SECOND, verdict), 45 * SECOND);
      const before = host.measure({ from: 5 * SECOND, to: 10 * SECOND }).rate;
      expect(failed).toBe(0);
      expect(host.measure({ from: 35 * SECOND, to: 40 * SECOND }).rate).toBeGreaterThan(least * before);
      expect(host.measure({ from: 40 * SECOND, to: 45 * SECOND }).rate).toBeGreaterThan(0.97 * before);
    },
  );

  it('and names a time is probed, and is back at full rate within 5 s of the first accepted probe', async () => {
    const verdict = { status: 503, retryAfter: 1 };
    const { host, failed } = await runFor(outage(10 * SECOND, 35 * SECOND, verdict), 50 * SECOND);
    const before = host.measure({ from: 5 * SECOND, to: 10 * SECOND }).rate;
    expect(failed).toBe(0);
    expect(host.measure({ from: 10 * SECOND, to: 35 * SECOND }).refused).toBeLessThan(100);
    expect(host.measure({ from: 40 * SECOND, to: 45 * SECOND }).rate).toBeGreaterThan(0.97 * before);
  });

  it('and resets connections is probed, however many requests wait for it', async () => {
    const clock = new VirtualClock();
    const host = new SimulatedHost(clock, outage(10 * SECOND, 35 * SECOND, 'reset'));
    const send = clientOf(clock, host.wireOf('a'));
    const load = { clock, send, callers: 400, until: { milliseconds: 45 * SECOND } };
    expect(await clock.until(applyLoad(load))).toBe(0);
    // each request finds out by itself at first
    expect(host.measure({ from: 10 * SECOND, to: 12 * SECOND }).refused).toBeLessThan(1000);
    expect(host.measure({ from: 12 * SECOND, to: 35 * SECOND }).refused).toBeLessThanOrEqual(2 * 23 + 1);
    const before = host.measure({ from: 5 * SECOND, to: 10 * SECOND }).rate;
    expect(host.measure({ from: 40 * SECOND, to: 45 * SECOND }).rate).toBeGreaterThan(0.97 * before);
  });

  it('is waited for by requests that were begun before its first answer', async () => {
    const { failed } = await runFor(outage(30, 25 * SECOND, 'reset'), 26 * SECOND);
    expect(failed).toBe(0);
  });
});
