import { describe, expect, it } from 'vitest';
import { Backoff, type Failure } from '../../src/base/backoff.ts';
import type { RetryPolicy } from '../../src/base/limits-and-retries.ts';

const SECOND = 1000;
const POLICY: RetryPolicy = {
  attempts: 4,
  outage: 0,
  firstDelay: SECOND,
  maxDelay: 3 * SECOND,
  maxRefusalDelay: 3 * SECOND,
  patience: 60 * SECOND,
  longestWait: 600 * SECOND,
};
const BROKEN: Failure = { status: undefined, retryAfter: undefined };
const THROTTLED: Failure = { status: 429, retryAfter: undefined };

/** Attempts at something that takes no time, and a clock that the waits between them move on. */
function setUp({ chance = 1, ...policy }: Partial<RetryPolicy> & { readonly chance?: number } = {}) {
  let now = Date.UTC(2026, 10, 21);
  const backoff = new Backoff({ monotonic: () => now, random: () => chance }, { ...POLICY, ...policy });
  const fail = (failure: Failure) => {
    const wait = backoff.delayAfter(failure);
    now += wait ?? 0;
    return wait;
  };
  return {
    fail,
    /** The waits until there is to be none, at most a hundred. */
    failOn: (failure: Failure) => {
      const waits: number[] = [];
      for (let wait = fail(failure); wait !== undefined && waits.length < 100; wait = fail(failure)) {
        waits.push(wait);
      }
      return waits;
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

function throttledFor(asked: number): Failure {
  return { status: 429, retryAfter: asked };
}

describe('a host that is down', () => {
  const outage = 12 * SECOND;

  it('is retried until the outage could be over', () => {
    const { failOn } = setUp({ outage });
    expect(failOn(BROKEN)).toEqual([SECOND, 2 * SECOND, 3 * SECOND, 3 * SECOND, 3 * SECOND]);
  });

  it('is retried so long however short the waits are', () => {
    const { failOn } = setUp({ outage, chance: 0 });
    expect(failOn(BROKEN).map((wait) => wait / SECOND)).toEqual([0.5, 1, ...Array(7).fill(1.5)]);
  });

  it('has no more than the usual attempts if these have taken as long', () => {
    const { fail, pass } = setUp({ outage });
    const waits = [1, 2, 3, 4].map(() => {
      const wait = fail(BROKEN);
      pass(45 * SECOND);
      return wait;
    });
    expect(waits.at(-1)).toBeUndefined();
  });
});

describe('what breaks', () => {
  it('is tried again as often as the policy says, after waits that double up to the longest', () => {
    expect(setUp().failOn(BROKEN)).toEqual([1, 2, 3].map((seconds) => seconds * SECOND));
  });

  it('waits for half of that at least, and for a random part of the rest', () => {
    expect(setUp({ chance: 0 }).failOn(BROKEN)).toEqual([500, 1000, 1500]);
    expect(setUp({ chance: 0.25 }).failOn(BROKEN)).toEqual([625, 1250, 1875]);
  });

  it('counts its attempts whatever time they take', () => {
    const { fail, pass } = setUp();
    for (let attempt = 1; attempt < POLICY.attempts; attempt++) {
      pass(10 * POLICY.patience);
      expect(fail(BROKEN)).toBeDefined();
    }
    expect(fail(BROKEN)).toBeUndefined();
  });

  it('waits for as long as the server asks, though a wait of its own would be shorter', () => {
    expect(setUp().fail({ status: 500, retryAfter: 20 * SECOND })).toBe(20 * SECOND);
  });
});

it('waits longer for a host that refuses than for one that is down', () => {
  const waits = setUp({ maxRefusalDelay: 15 * SECOND }).failOn(THROTTLED);
  expect(waits.slice(0, 6).map((wait) => wait / SECOND)).toEqual([1, 2, 4, 8, 15, 15]);
});

describe('who counts as asked too often', () => {
  it.each<[Failure, 'is waited for' | 'has four attempts']>([
    [{ status: 429, retryAfter: undefined }, 'is waited for'],
    [{ status: 429, retryAfter: 0 }, 'is waited for'],
    [{ status: 503, retryAfter: 0 }, 'is waited for'],
    [{ status: 503, retryAfter: undefined }, 'has four attempts'],
    [{ status: 500, retryAfter: 0 }, 'has four attempts'],
    [{ status: undefined, retryAfter: 0 }, 'has four attempts'],
  ])('%j %s', (failure, expected) => {
    const waits = setUp().failOn(failure).length;
    expect(waits < POLICY.attempts ? 'has four attempts' : 'is waited for').toBe(expected);
  });
});

describe('who is asked too often', () => {
  it('is waited for until the patience has run out, to the very end', () => {
    expect(setUp().failOn(throttledFor(20 * SECOND))).toEqual([20, 20, 20].map((part) => part * SECOND));
    expect(setUp().failOn(throttledFor(21 * SECOND))).toEqual([21, 21].map((part) => part * SECOND));
  });

  it('has patience from its first refusal on, not from the first attempt', () => {
    const { fail, failOn, pass } = setUp();
    pass(POLICY.patience);
    fail(BROKEN);
    pass(POLICY.patience);
    expect(failOn(throttledFor(20 * SECOND))).toHaveLength(3);
  });

  it('costs no attempt of those that what breaks has', () => {
    const { fail, failOn } = setUp();
    for (let time = 0; time < 10; time++) fail(THROTTLED);
    expect(failOn(BROKEN)).toHaveLength(POLICY.attempts - 1);
  });

  it('has no patience to lose by what breaks', () => {
    const { fail, pass } = setUp();
    fail(THROTTLED);
    pass(2 * POLICY.patience);
    expect(fail(BROKEN)).toBeDefined();
    expect(fail(THROTTLED)).toBeUndefined();
  });

  it('is waited for once though it asks for more than the patience, and not for more than the longest wait', () => {
    const { longestWait } = POLICY;
    expect(setUp().failOn(throttledFor(longestWait))).toEqual([longestWait]);
    expect(setUp().failOn(throttledFor(longestWait + 1))).toEqual([]);
  });
});
