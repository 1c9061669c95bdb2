import { expect, it } from 'vitest';
import { parseDuration } from '../../../../src/cli/flags/options/deadline-option.ts';

it.each([
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['1.s', 1000],
  ['.5s', 500],
  ['100ms', 100],
  ['1m1ms', 60_001],
  ['1000000ns', 1],
  ['1us1µs1μs', 0.003],
])('%s is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBeCloseTo(expected, 9);
});

it.each(['', '1', 's', '-1s', '+1s', '1 s', ' 1s', '1s ', '1s2', '1d', '.s', '1..5s', '1.5.2s', '1S'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

it.each(['1', '0.', '1m', 's000'])('%j repeated is judged in time that grows no faster than it', (unit) => {
  expect(parseDuration(`${unit.repeat(50_000)}x`)).toBeUndefined();
});
