import { describe, expect, it } from 'vitest';
import { LearnedLimit } from '../../../src/http/limits/learned-limit.ts';

const SECOND = 1000;

/** A limit of 100 at most, and answers at 10 ms each. */
function setUp() {
  const limit = new LearnedLimit({ ceiling: 100, leastTime: 0, tolerance: 0 });
  let now = 0;
  const answer = (isFailure: boolean, sustained = 40) => {
    now += 10;
    if (isFailure) limit.fail(now, { now, sustained });
    else limit.succeed(now);
  };
  return {
    limit,
    at: () => limit.at(now),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    succeed: (times: number) => {
      for (let time = 0; time < times; time++) answer(false);
    },
    fail: (times: number, sustained?: number) => {
      for (let time = 0; time < times; time++) answer(true, sustained);
    },
    /** Every tenth answer is a failure. */
    mix: (times: number) => {
      for (let time = 1; time <= times; time++) answer(time % 10 === 0);
    },
  };
}

describe('a learned limit', () => {
  it('is the ceiling while few answers are failures', () => {
    const { at, succeed, fail } = setUp();
    succeed(100);
    fail(4);
    succeed(400);
    fail(4);
    expect(at()).toBe(100);
  });

  it('falls below the sustained capacity with more failures than expected', () => {
    const { limit, at, succeed, fail } = setUp();
    succeed(100);
    fail(5, 40);
    expect(limit.sustained).toBe(40);
    expect(at()).toBeCloseTo(40 * Math.exp(-0.2), 5);
  });

  it('grows back in 10 s, slowly near the sustained capacity, then faster', () => {
    const { at, succeed, fail, pass } = setUp();
    succeed(100);
    fail(5, 40);
    const curve = [0, 5, 10, 15, 20].map((seconds) => {
      if (seconds > 0) pass(5 * SECOND);
      return Math.round(at());
    });
    expect(curve).toEqual([33, 39, 40, 41, 49]);
  });

  it('falls again with the first failure after a trial without any', () => {
    const { limit, succeed, fail, pass } = setUp();
    succeed(100);
    fail(5, 40);
    succeed(200);
    pass(15 * SECOND);
    fail(1, 30);
    expect(limit.sustained).toBe(30);
  });

  it('is lifted where failures do not depend on it, and the same share of failures is expected', () => {
    const { at, mix } = setUp();
    mix(100);
    expect(at()).toBeLessThan(50);
    mix(500);
    expect(at()).toBe(100);
    mix(1000);
    expect(at()).toBe(100);
  });

  it('does not fall with failures that no success precedes: the host is down', () => {
    const { limit, at, succeed, fail } = setUp();
    succeed(100);
    fail(5, 40);
    const before = limit.sustained;
    fail(1000, 1);
    expect(limit.sustained).toBe(before);
    expect(at()).toBeGreaterThan(30);
  });

  it('is not judged by answers to requests from before it fell', () => {
    const limit = new LearnedLimit({ ceiling: 100, leastTime: 0, tolerance: 0 });
    for (let time = 0; time < 100; time++) limit.succeed(time);
    for (let time = 0; time < 5; time++) limit.fail(100, { now: 120, sustained: 40 });
    for (let time = 0; time < 50; time++) limit.fail(110, { now: 130, sustained: 5 });
    expect(limit.sustained).toBe(40);
  });
});

describe('a limit with a tolerance', () => {
  function answersOf(limit: LearnedLimit, isFailure: (number: number) => boolean, end: number) {
    for (let now = 10; now <= end; now += 10) {
      if (isFailure(now / 10)) limit.fail(now, { now, sustained: 40 });
      else limit.succeed(now);
    }
  }
  const options = { ceiling: 100, leastTime: SECOND, tolerance: 10 * SECOND };

  it('falls at once with more than a quarter of failures', () => {
    const limit = new LearnedLimit(options);
    answersOf(limit, (number) => number % 2 === 0, 300);
    expect(limit.sustained).toBe(40);
  });

  it('falls after it with a smaller share of failures, not before', () => {
    const limit = new LearnedLimit(options);
    answersOf(limit, (number) => number % 8 === 0, 9 * SECOND);
    expect(limit.sustained).toBeUndefined();
    answersOf(limit, (number) => number % 8 === 0, 11 * SECOND);
    expect(limit.sustained).toBe(40);
  });
});
