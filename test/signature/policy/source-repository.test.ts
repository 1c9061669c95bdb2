import { describe, expect, it } from 'vitest';
import { hasRef, isSource } from '../../../src/signature/policy/source-repository.ts';

describe('a source of a policy', () => {
  it.each([
    ['github.com/o/app', 'github.com/o/app'],
    ['github.com/o/app', 'https://github.com/o/app'],
    ['github.com/o/app', 'git+https://github.com/o/app.git'],
    ['github.com/o/app', 'git+https://github.com/o/app@refs/heads/main'],
    ['github.com/o/app', 'https://github.com/o/app/'],
    ['github.com/o/app', 'https://github.com/o/app#v1'],
    ['github.com/o/app', 'https://GitHub.com/o/app'],
    ['GITHUB.com/o/app.git', 'https://github.com/o/app'],
    ['https://github.com/o/app', 'git+https://github.com/o/app'],
    ['github.com/o/app', 'ssh://github.com/o/app'],
  ])('%s is the repository %s', (trusted, named) => {
    expect(isSource(trusted, named)).toBe(true);
  });

  it.each([
    ['github.com/o/app', 'https://github.com/o/app-fork'],
    ['github.com/o/app', 'https://github.com/o/app/sub'],
    ['github.com/o/app', 'https://github.com/o/App'],
    ['github.com/o/app', 'https://evil.example/github.com/o/app'],
    ['github.com/o/app', 'https://github.com.evil.example/o/app'],
    ['github.com/o/app', 'https://github.com@evil.example/o/app'],
    ['github.com/o/app', 'https://evil.example/?x=github.com/o/app'],
    ['github.com/o/app', 'https://evil.example/#github.com/o/app'],
    ['https://github.com/o/app', 'http://github.com/o/app'],
    ['https://github.com/o/app', 'github.com/o/app'],
    ['github.com/o/app', ''],
    ['', ''],
  ])('%j is not the repository %j', (trusted, named) => {
    expect(isSource(trusted, named)).toBe(false);
  });

  it.each([
    ['github.com/o/app', false],
    ['git@github.com/o/app', false],
    ['github.com/o/app@v1', true],
    ['github.com/o/app#main', true],
  ])('%s has a ref: %s', (source, expected) => expect(hasRef(source)).toBe(expected));
});
