import { expect, it } from 'vitest';
import { addTo, getOrMake, groupBy } from '../../src/base/get-or-make.ts';

it('a value is made once for each key', () => {
  const store = new Map<string, string[]>();
  getOrMake(store, 'a', () => []).push('first');
  getOrMake(store, 'a', () => []).push('second');
  getOrMake(store, 'b', () => ['other']);
  expect(Object.fromEntries(store)).toEqual({ a: ['first', 'second'], b: ['other'] });
});

it('groups keep the order of the items', () => {
  const groups = groupBy(['b2', 'a1', 'b1'], ([key]) => key);
  addTo(groups, 'a', 'a0');
  expect(Array.from(groups)).toEqual([
    ['b', ['b2', 'b1']],
    ['a', ['a1', 'a0']],
  ]);
});
