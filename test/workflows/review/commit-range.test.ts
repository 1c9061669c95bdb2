import { expect, it } from 'vitest';
import { commitRange } from '../../../src/workflows/review/commit-range.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];

function urlOf(before: string | undefined, after = before) {
  return commitRange({ source: before, revision: A }, { source: after, revision: B })?.url;
}

it.each([
  ['https://github.com/o/r', `https://github.com/o/r/compare/${A}...${B}`],
  ['https://github.com/o/r.git', `https://github.com/o/r/compare/${A}...${B}`],
  ['git@github.com:o/r.git', `https://github.com/o/r/compare/${A}...${B}`],
  ['ssh://git@github.com/o/r', `https://github.com/o/r/compare/${A}...${B}`],
  ['git+https://github.com/o/r', `https://github.com/o/r/compare/${A}...${B}`],
  ['https://github.com/o/r/tree/main/images', `https://github.com/o/r/compare/${A}...${B}`],
  ['https://user:secret@github.example.com/o/r', `https://github.example.com/o/r/compare/${A}...${B}`],
  ['https://gitlab.com/group/sub/r/-/tree/main', `https://gitlab.com/group/sub/r/-/compare/${A}...${B}`],
  ['https://gitlab.example.com/g/r.git', `https://gitlab.example.com/g/r/-/compare/${A}...${B}`],
])('a range of %s has a link', (source, url) => {
  expect(urlOf(source)).toBe(url);
});

it.each([
  'https://example.com/o/r',
  'https://notgithub.com/o/r',
  'javascript:alert(1)//github.com/o/r',
  'https://github.com/o',
  'https://github.com/o/r)[x](https://evil',
  'https://github.com/o/r"><img>',
  'github.com/o/r',
  '',
  undefined,
])('a range of %s has none', (source) => {
  expect(urlOf(source)).toBeNull();
});

it('that leads to another project has no link', () => {
  expect(urlOf('https://github.com/o/r', 'https://github.com/evil/r')).toBeNull();
});

it('needs two different commits', () => {
  const side = (revision: string | undefined) => ({ source: 'https://github.com/o/r', revision });
  expect(commitRange(side(A), side(A))).toBeNull();
  expect(commitRange(side(undefined), side(A))).toBeNull();
  expect(commitRange(side('v1.0"'), side(A))).toBeNull();
});
