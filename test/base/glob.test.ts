import { expect, it } from 'vitest';
import { matchesGlob } from '../../src/base/glob.ts';

it.each([
  ['v*', 'v1.0', true],
  ['v*', 'main', false],
  ['*', '', true],
  ['v?.*', 'v1.27.3', true],
  ['v?.*', 'v12', false],
  ['*-rc*', 'v1-rc-rc1', true],
  ['v1', 'v1.0', false],
  ['*a*a*a*b', 'a'.repeat(128), false],
])('the glob %s and the tag %s', (glob, tag, expected) => {
  expect(matchesGlob(glob, tag)).toBe(expected);
});
