// Covers src/http/limits/turn-queue.ts

import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { RateLimiter, type Refusal } from '../../../src/http/limits/rate-limiter.ts';
import { TurnQueue } from '../../../src/http/limits/turn-queue.ts';
import { quiet } from '../../adapters/oci/client.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';

const SECOND = 1000;
const QUOTA: Refusal = { retryAfter: undefined, isQuota: true };
/** Milliseconds. */
const BURST = 20;
/** Refusals in a row, without an accepted request before, that pause a host. */
const ENOUGH = 6;

/** Takes turns one by one. */
function turnsOf(clock: Clock, limiter: RateLimiter) {
  const queue = new TurnQueue(clock);
  const turn = { line: 'reads', limits: [{ limiter, requests: 1 }], isUrgent: false };
  return async (signal = quiet()) => queue.take(turn, signal);
}

function setUp(ceiling: number) {
  const clock = new FakeClock();
  const limiter = new RateLimiter(clock, ceiling);
  const turn = turnsOf(clock, limiter);
  return {
    clock,
    limiter,
    turn,
    /** Milliseconds of a number of turns, one after the other. */
    take: async (turns: number) => {
      const before = clock.monotonic();
      for (let number = 0; number < turns; number++) await turn();
      return clock.monotonic() - before;
    },
    /** Accepted requests, evenly over a time. */
    accept: (answers: number, milliseconds: number) => {
      for (let answer = 0; answer < answers; answer++) {
        clock.advance(milliseconds / answers);
        limiter.accept(clock.monotonic() - 1, 1);
      }
    },
    refuse: (times: number, refusal: Partial<Refusal>) => {
      for (let time = 0; time < times; time++) limiter.refuse(clock.monotonic(), { ...QUOTA, ...refusal });
    },
  };
}

describe('a rate limiter with a ceiling', () => {
  it('spaces requests evenly', async () => {
    const { take } = setUp(10);
    expect(await take(1)).toBe(0);
    expect(await take(10)).toBe(SECOND - BURST);
  });

  it('never exceeds the ceiling in any minute', async () => {
    const { turn, clock } = setUp(80);
    const sent: number[] = [];
    for (let number = 0; number < 15_000; number++) {
      await turn();
      sent.push(clock.monotonic());
      if (number === 7000) clock.advance(90 * SECOND);
    }
    let most = 0;
    let end = 0;
    for (const [begin, at] of sent.entries()) {
      while (end < sent.length && (sent[end] ?? 0) < at + 60 * SECOND) end++;
      most = Math.max(most, end - begin);
    }
    expect(most).toBeLessThanOrEqual(80 * 60 + 3);
    expect(most).toBeGreaterThan(80 * 59);
  });

  it('never grows beyond it', () => {
    const { limiter, accept } = setUp(10);
    accept(1000, SECOND);
    expect(limiter.rate).toBe(10);
  });
});

describe('a rate limiter without a ceiling', () => {
  it('delays nothing', async () => {
    const { take } = setUp(Number.POSITIVE_INFINITY);
    expect(await take(10_000)).toBe(0);
  });

  it('delays nothing after a single refusal among accepted requests', async () => {
    const { take, accept, refuse } = setUp(Number.POSITIVE_INFINITY);
    accept(400, 4 * SECOND);
    refuse(1, { retryAfter: 60 * SECOND });
    expect(await take(1000)).toBe(0);
  });

  it('learns a rate a little below the accepted one from several refusals in a row', () => {
    const { limiter, accept, refuse } = setUp(Number.POSITIVE_INFINITY);
    accept(400, 4 * SECOND);
    refuse(6, {});
    expect(limiter.rate).toBeGreaterThan(75);
    expect(limiter.rate).toBeLessThan(100);
  });

  it('never goes below one request in two seconds', () => {
    const { limiter, accept, refuse } = setUp(Number.POSITIVE_INFINITY);
    accept(40, 200 * SECOND);
    refuse(6, {});
    expect(limiter.rate).toBe(0.5);
  });
});

describe('a host that refuses most requests', () => {
  it.each<[string, Partial<Refusal>, number]>([
    ['until the time that it names', { retryAfter: 90 * SECOND }, 90 * SECOND],
    ['for up to a second if a 429 names none', {}, 750],
    ['until the time that a 503 names', { retryAfter: 7 * SECOND, isQuota: false }, 7 * SECOND],
    ['not at all if a 503 names none', { isQuota: false }, 0],
  ])('is paused %s', async (_when, refusal, expected) => {
    const { refuse, take } = setUp(Number.POSITIVE_INFINITY);
    refuse(ENOUGH, refusal);
    expect(await take(1)).toBe(expected);
  });

  it('is paused for requests that wait for their turn already', async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(clock, 1);
    const turn = turnsOf(clock, limiter);
    await turn();
    const begun = clock.monotonic();
    const waiting = turn();
    const turnAt = clock.monotonic();
    await clock.until(clock.sleep(100, quiet()));
    for (let time = 0; time < ENOUGH; time++) {
      limiter.refuse(clock.monotonic(), { ...QUOTA, retryAfter: 50 * SECOND });
    }
    expect(limiter.isPausedSince(turnAt)).toBe(true);
    await clock.until(waiting);
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(50 * SECOND);
  });

  it('is probed by one request at a time, at longer intervals up to five seconds', async () => {
    const { refuse, take } = setUp(Number.POSITIVE_INFINITY);
    refuse(ENOUGH, {});
    const intervals: number[] = [];
    for (let number = 0; number < 60; number++) {
      intervals.push(await take(1));
      refuse(1, {});
    }
    expect(intervals.slice(0, 3)).toEqual([750, 1000, 1000]);
    expect(intervals.toSorted((a, b) => a - b)).toEqual(intervals);
    expect(intervals.at(-1)).toBe(5000);
  });

  it('is resumed by the first accepted probe', async () => {
    const { clock, limiter, refuse, take } = setUp(Number.POSITIVE_INFINITY);
    refuse(ENOUGH, { retryAfter: 5 * SECOND });
    await take(1);
    const sentAt = clock.monotonic();
    clock.advance(20);
    limiter.accept(sentAt, 1);
    expect(limiter.isPausedSince(0)).toBe(false);
    expect(await take(1)).toBe(0);
  });

  it('is not resumed by an answer to a request from before the pause', async () => {
    const { clock, limiter, refuse } = setUp(Number.POSITIVE_INFINITY);
    const sentAt = clock.monotonic() - 100;
    refuse(ENOUGH, {});
    limiter.accept(sentAt, 1);
    expect(limiter.isPausedSince(sentAt)).toBe(true);
  });
});

describe('a turn', () => {
  it('is not taken for an aborted request', async () => {
    const { turn } = setUp(10);
    await expect(turn(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });

  it('goes to the next request if one is aborted while it waits', async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(clock, 1);
    const turn = turnsOf(clock, limiter);
    await turn();
    const stop = new AbortController();
    const [first, second] = [turn(stop.signal), turn()];
    stop.abort(new Error('stopped'));
    await expect(first).rejects.toThrow('stopped');
    const begun = clock.monotonic();
    await clock.until(second);
    expect(clock.monotonic() - begun).toBeLessThanOrEqual(SECOND);
  });
});
