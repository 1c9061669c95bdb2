import { expect, it } from 'vitest';
import { isAtLeast, parseSeverity } from '../../src/image/severity.ts';

it.each([
  ['0', 'unspecified'],
  ['5', 'critical'],
  ['high', 'high'],
  ['CRITICAL', 'critical'],
  ['6', undefined],
  ['-1', undefined],
  ['', undefined],
  ['4.0', undefined],
  ['severe', undefined],
])('%j is %s', (text, severity) => {
  expect(parseSeverity(text)).toBe(severity);
});

it('compares by rank', () => {
  expect(isAtLeast('high', 'high')).toBe(true);
  expect(isAtLeast('critical', 'high')).toBe(true);
  expect(isAtLeast('medium', 'high')).toBe(false);
  expect(isAtLeast('unspecified', 'unspecified')).toBe(true);
});
