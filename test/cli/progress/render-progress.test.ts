import { describe, expect, it } from 'vitest';
import { formatDuration, formatRate, formatThroughput } from '../../../src/cli/progress/render-progress.ts';

describe('a duration', () => {
  it.each([
    [1, '1s'],
    [45_000, '45s'],
    [59_500, '1m00s'],
    [61_000, '1m00s'],
    [66_000, '1m10s'],
    [190_000, '3m10s'],
    [3_595_000, '1h00m'],
    [7_500_000, '2h05m'],
    [359_999_000, '100h00m'],
  ])('of %i ms is %s', (milliseconds, expected) => expect(formatDuration(milliseconds)).toBe(expected));
});

describe('a rate', () => {
  it.each([
    [0, '0.0'],
    [0.34, '0.3'],
    [9.94, '9.9'],
    [9.96, '10'],
    [120.4, '120'],
  ])('of %d is %s', (rate, expected) => expect(formatRate(rate)).toBe(expected));

  it('of bytes is in megabytes', () => expect(formatThroughput(34_100_000)).toBe('34 MB/s'));
});
