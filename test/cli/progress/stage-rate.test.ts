import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StageRate } from '../../../src/cli/progress/stage-rate.ts';

/** The estimates of a stage whose steps are done at these rates (a second), one second each. */
function estimatesOf(steps: number, rates: readonly number[]) {
  const pace = new StageRate(0);
  let done = 0;
  return rates.map((rate, second) => {
    done = Math.min(steps, done + rate);
    pace.update((second + 1) * 1000, done);
    return { done, remaining: pace.remaining(steps), perSecond: pace.stepsPerSecond() };
  });
}

const constant = (rate: number, seconds: number) => Array.from({ length: seconds }, () => rate);

describe('the estimate of the rest of a stage', () => {
  it('is exact where the pace is constant', () => {
    const estimates = estimatesOf(1000, constant(5, 150));
    expect(estimates.at(-1)).toEqual({
      done: 750,
      remaining: expect.closeTo(50_000),
      perSecond: expect.closeTo(5),
    });
  });

  it.each([
    ['in the first ten seconds', 100_000, constant(500, 9)],
    ['by less than ten steps', 100, constant(0.5, 19)],
    ['when nothing is left', 100, constant(10, 30)],
    ['while nothing is done', 100, constant(0, 600)],
    ['beyond four days', 1_000_000_000, constant(1, 60)],
  ])('is not told %s', (_, steps, rates) => {
    expect(estimatesOf(steps, rates).at(-1)?.remaining).toBeUndefined();
  });

  it('does not jump where the pace is uneven: by less than a fifth from second to second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 18 }), { minLength: 60, maxLength: 200 }), (rates) => {
        const estimates = estimatesOf(10_000, rates)
          .map(({ remaining }) => remaining)
          .filter((remaining) => remaining !== undefined);
        for (const [index, remaining] of estimates.entries()) {
          const before = estimates[index - 1] ?? remaining;
          expect(Math.abs(remaining - before) / before).toBeLessThan(0.2);
        }
      }),
      { seed: 20261121 },
    );
  });

  it('follows a change of pace within some minutes, and grows while nothing moves', () => {
    const slowed = estimatesOf(10_000, [...constant(20, 120), ...constant(5, 240)]);
    expect(slowed.at(-1)?.remaining).toBeGreaterThan(0.9 * ((10_000 - 3600) / 5) * 1000);
    const stalled = estimatesOf(10_000, [...constant(20, 60), ...constant(0, 60)]);
    expect(stalled[119]?.remaining).toBeGreaterThan(2 * (stalled[59]?.remaining ?? 0));
  });

  it('survives a clock that is set back', () => {
    const pace = new StageRate(10_000);
    pace.update(20_000, 50);
    pace.update(15_000, 60);
    pace.update(21_000, 60);
    expect(pace.remaining(100)).toBeGreaterThan(0);
  });
});
