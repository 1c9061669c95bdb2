import { expect, it } from 'vitest';
import { addTo, getOrMake, groupBy } from '../../src/base/maps.ts';

it('a missing value is made once', () => {
  const map = new Map<string, object>();
  const made: string[] = [];
  const make = (key: string) => {
    made.push(key);
    return {};
  };
  expect(getOrMake(map, 'a', make)).toBe(getOrMake(map, 'a', make));
  expect(getOrMake(map, 'b', make)).not.toBe(map.get('a'));
  expect(made).toEqual(['a', 'b']);
});

it('items are added to the list of their key', () => {
  const map = new Map([['a', [1]]]);
  addTo(map, 'a', 2);
  addTo(map, 'b', 3);
  expect(Array.from(map)).toEqual([
    ['a', [1, 2]],
    ['b', [3]],
  ]);
});

it('groups keep the order of the items', () => {
  expect(Array.from(groupBy([3, 1, 4, 1, 5], (number) => number % 2 === 0))).toEqual([
    [false, [3, 1, 1, 5]],
    [true, [4]],
  ]);
});
