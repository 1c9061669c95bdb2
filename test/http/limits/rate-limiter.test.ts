import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../src/http/limits/rate-limiter.ts';
import { quiet } from '../../adapters/oci/client.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';

const SECOND = 1000;

function setUp(ceiling: number) {
  const clock = new FakeClock();
  const pacer = new Pacer(clock, ceiling);
  const begun = clock.monotonic();
  return {
    clock,
    pacer,
    /** Milliseconds that a number of turns, one after the other, take. */
    take: async (turns: number) => {
      const before = clock.monotonic();
      for (let turn = 0; turn < turns; turn++) await pacer.turn(quiet());
      return clock.monotonic() - before;
    },
    /** Good answers, evenly over a time. */
    answerWell: (answers: number, milliseconds: number) => {
      for (let answer = 0; answer < answers; answer++) {
        clock.advance(milliseconds / answers);
        pacer.accept();
      }
    },
    elapsed: () => clock.monotonic() - begun,
  };
}

describe('a pacer with a ceiling', () => {
  it('spaces requests evenly, after the first half second of them', async () => {
    const { take } = setUp(10);
    expect(await take(6)).toBe(0);
    expect(await take(10)).toBe(SECOND);
  });

  it('lets no minute have more than the ceiling and half a second of it', async () => {
    const { pacer, clock } = setUp(80);
    const sent: number[] = [];
    for (let number = 0; number < 15_000; number++) {
      await pacer.turn(quiet());
      sent.push(clock.monotonic());
      if (number === 7000) clock.advance(90 * SECOND);
    }
    const most = Math.max(
      ...sent.map((at, index) => sent.findLastIndex((other) => other < at + 60 * SECOND) - index + 1),
    );
    expect(most).toBeLessThanOrEqual(80 * 60.5 + 1);
    expect(most).toBeGreaterThan(80 * 59);
  });

  it('never grows beyond it', () => {
    const { pacer, answerWell } = setUp(10);
    answerWell(1000, SECOND);
    expect(pacer.rate).toBe(10);
  });
});

describe('a pacer without a ceiling', () => {
  it('holds nothing up', async () => {
    const { take } = setUp(Number.POSITIVE_INFINITY);
    expect(await take(10_000)).toBe(0);
  });

  it('goes on at half of what the server bore, once it refuses', () => {
    const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
    answerWell(400, 4 * SECOND);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBeGreaterThan(45);
    expect(pacer.rate).toBeLessThan(55);
  });

  it.each([
    ['the last second has just ended', 201, 2010],
    ['half a second has been measured', 101, 505],
  ])('knows what the server bore when %s', (_when, answers, milliseconds) => {
    const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
    answerWell(answers, milliseconds);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBe(50);
  });

  it('takes no burst of answers for what the server bears', () => {
    const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
    for (let second = 0; second < 4; second++) {
      answerWell(10, 10);
      clock.advance(SECOND - 10);
    }
    answerWell(1, 0);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBeCloseTo(5, 0);
  });

  it('goes on at a moderate pace where there was no time to measure', () => {
    const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
    answerWell(3, 10);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBe(10);
  });
});

it('a pacer never goes below one request in two seconds, however little the server bore', () => {
  const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
  answerWell(4, 20 * SECOND);
  pacer.refuse(clock.monotonic(), undefined);
  expect(pacer.rate).toBe(0.5);
});

describe('a refusal', () => {
  it('halves the rate once for all that was on its way', () => {
    const { pacer, clock } = setUp(64);
    const sentAt = clock.monotonic();
    clock.advance(20);
    for (let number = 0; number < 32; number++) pacer.refuse(sentAt, undefined);
    expect(pacer.rate).toBe(32);
  });

  it.each([
    ['before it', -20],
    ['at the same moment', 0],
  ])('stops everything once for all that was sent %s', async (_when, before) => {
    const { pacer, clock, take } = setUp(64);
    for (let number = 0; number < 32; number++) pacer.refuse(clock.monotonic() + before, undefined);
    expect(await take(1)).toBe(750);
  });

  it('halves it again once something was answered in between', () => {
    const { pacer, clock } = setUp(64);
    pacer.refuse(clock.monotonic(), undefined);
    clock.advance(SECOND);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBe(32);
    pacer.accept();
    clock.advance(SECOND);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBeCloseTo(16, 0);
  });

  it.each([
    ['what the server asks', 90 * SECOND, 90 * SECOND],
    ['a second or less where it asks for nothing', undefined, 750],
  ])('stops everything for %s', async (_what, asked, expected) => {
    const { pacer, clock, take, elapsed } = setUp(64);
    pacer.refuse(clock.monotonic(), asked);
    expect(pacer.isPaused()).toBe(true);
    await take(1);
    expect(elapsed()).toBe(expected);
    expect(pacer.isPaused()).toBe(false);
  });

  it('stops those that have been waiting for their turn', async () => {
    const { pacer, clock } = setUp(1);
    for (let number = 0; number < 3; number++) await pacer.turn(quiet());
    let hasRefused = false;
    const original = clock.sleep.bind(clock);
    clock.sleep = async (milliseconds, signal) => {
      await original(milliseconds, signal);
      if (!hasRefused) pacer.refuse(clock.monotonic(), 50 * SECOND);
      hasRefused = true;
    };
    const before = clock.monotonic();
    await pacer.turn(quiet());
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(50 * SECOND);
  });

  it('stops everything for longer each time, up to half a minute', async () => {
    const { pacer, clock, take } = setUp(1000);
    const pauses: number[] = [];
    for (let number = 0; number < 8; number++) {
      pacer.refuse(clock.monotonic(), undefined);
      pauses.push(await take(1));
      clock.advance(1);
    }
    expect(pauses).toEqual([750, 1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500]);
  });

  it('is forgotten in seconds up to nine tenths of the rate, then slowly', () => {
    const { pacer, clock, answerWell } = setUp(100);
    pacer.refuse(clock.monotonic(), undefined);
    answerWell(70 * 6, 6 * SECOND);
    expect(pacer.rate).toBeGreaterThan(90);
    expect(pacer.rate).toBeLessThan(92);
    answerWell(95 * 30, 30 * SECOND);
    expect(pacer.rate).toBe(100);
  });

  it.each([
    [30, 0.1],
    [45, 0.1],
    [45.2, 0.005],
    [50, 0.005],
    [55, 0.005],
    [55.2, 0.1],
    [60, 0.1],
  ])('of 50 requests per second lets a rate of %d grow by %d with each answer', (rate, growth) => {
    const { pacer, clock } = setUp(100);
    pacer.refuse(clock.monotonic(), 0);
    pacer.accept(); // at 50.1
    clock.advance(1);
    pacer.refuse(clock.monotonic(), 0);
    while (pacer.rate < rate) pacer.accept();
    const before = pacer.rate;
    pacer.accept();
    expect(pacer.rate - before).toBeCloseTo(growth, 6);
  });

  it('of long ago is forgotten quickly where the server bears more by now', () => {
    const { pacer, clock, answerWell } = setUp(Number.POSITIVE_INFINITY);
    answerWell(20, 2 * SECOND);
    pacer.refuse(clock.monotonic(), undefined);
    expect(pacer.rate).toBeLessThan(6);
    for (let second = 0; second < 120; second++) answerWell(Math.round(pacer.rate), SECOND);
    expect(pacer.rate).toBeGreaterThan(1000);
  });
});

it('a turn that is not waited for any more throws the reason', async () => {
  const { pacer, clock } = setUp(10);
  pacer.refuse(clock.monotonic(), SECOND);
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(pacer.turn(stopped)).rejects.toThrow('stopped');
});
