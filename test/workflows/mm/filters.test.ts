import { expect, it } from 'vitest';
import { matching, parseFilter, parseTagFilter } from '../../../src/workflows/mm/filters.ts';

it.each([
  ['v1.30.0', 'v1.30.0', true],
  ['v1.30.0', 'v1.30.0-rc.0', false],
  ['1.30.0', 'v1.30.0', false],
  ['v1.30.*', 'v1.30.12', true],
  ['v1.3?.0', 'v1.31.0', true],
  ['>=1.30.0 <1.31', 'v1.30.9', true],
  ['>=1.30.0 <1.31', '1.30.0', true],
  ['>=1.30.0 <1.31', 'v1.31.0', false],
  ['>=1.30.0 <1.31', 'v1.31.0-rc.0', false],
  ['>=1.30.0 <1.31', 'v1.30.1-rc.0', false],
  ['>=1.30.0 <1.31', 'main', false],
  ['~1.30.0-0', 'v1.30.0-rc.0', true],
  ['^1.30.0 || ^2.0.0', 'v2.1.0', true],
])('the filter %j and the tag %s: %s', (text, tag, expected) => {
  expect(parseTagFilter(text)?.matches(tag)).toBe(expected);
});

it('a range that is none is no filter', () => {
  expect(parseTagFilter('>=main')).toBeUndefined();
  expect(parseTagFilter('v1.30.0 v1.31.0 and more')).toBeUndefined();
});

it('no filter keeps everything, and of several one has to match', () => {
  const [app, tools] = [parseFilter('app'), parseFilter('tool/*')];
  expect(matching([], 'app')).toEqual([]);
  expect(matching([app, tools], 'tool/a')).toEqual([tools]);
  expect(matching([app, tools], 'apps')).toBeUndefined();
});
