import { describe, expect, it } from 'vitest';
import { ScopeCache } from '../../../../src/adapters/oci/auth/scopes.ts';

const PULL = 'repository:prod/app:pull';
const PUSH = 'repository:prod/app:pull,push';
const FROM_A = 'repository:staging/a:pull';
const FROM_B = 'repository:staging/b:pull';

/** What is asked for, after what has been asked for. */
function check(
  earlier: readonly (readonly string[])[],
  scopes: readonly string[],
  expected: readonly string[],
) {
  const memory = new ScopeCache();
  for (const one of earlier) memory.widen('prod/app', one);
  expect(memory.widen('prod/app', scopes)).toEqual(expected);
}

describe('a request asks', () => {
  it.each<[string, string[][], string[], string[]]>([
    ['to read for no more than that', [], [PULL], [PULL]],
    ['to read for no more than that, though others have read', [[FROM_A]], [PULL], [PULL]],
    ['to write for that', [], [PUSH], [PUSH]],
    ['to write for no more, though it has read before', [[PULL]], [PUSH], [PUSH]],
    ['to read with what it has written with', [[PUSH]], [PULL], [PUSH]],
    ['to mount for its source too', [[PULL]], [PUSH, FROM_A], [PUSH, FROM_A]],
    ['to write with what it has mounted with', [[PUSH, FROM_A]], [PUSH], [PUSH, FROM_A]],
    ['to read with what it has mounted with', [[PUSH, FROM_A]], [PULL], [PUSH, FROM_A]],
    [
      'to mount from elsewhere for both, its own repository first',
      [[PUSH, FROM_A]],
      [PUSH, FROM_B],
      [PUSH, FROM_B, FROM_A],
    ],
    [
      'to mount from where it has written for the wider right once',
      [[PUSH, 'repository:x:pull,push']],
      [PUSH, 'repository:x:pull'],
      [PUSH, 'repository:x:pull,push'],
    ],
    [
      'for one right to a repository, the wider',
      [[PUSH, FROM_A]],
      [PUSH, 'repository:staging/a:pull,push'],
      [PUSH, 'repository:staging/a:pull,push'],
    ],
    ['for each once', [], [PUSH, PUSH, FROM_A, FROM_A], [PUSH, FROM_A]],
    ['for nothing where it needs nothing', [[PUSH]], [], []],
    ['for what is no repository as it is', [[PUSH]], ['registry:catalog:*'], ['registry:catalog:*']],
  ])('%s', (_what, earlier, scopes, expected) => check(earlier, scopes, expected));

  it('for nothing of other repositories', () => {
    const memory = new ScopeCache();
    memory.widen('prod/other', ['repository:prod/other:pull,push', FROM_A]);
    expect(memory.widen('prod/app', [PULL])).toEqual([PULL]);
    expect(memory.widen('prod/app', [PUSH])).toEqual([PUSH]);
    expect(memory.widen('prod/other', [PULL])).toEqual([PULL]);
  });
});

describe('the scopes of a request', () => {
  it('are twelve at most: what is more is asked for by itself', () => {
    const memory = new ScopeCache();
    const from = (number: number) => `repository:staging/${number}:pull`;
    const asked = Array.from({ length: 20 }, (_, number) => memory.widen('prod/app', [PUSH, from(number)]));
    expect(asked.map(({ length }) => length)).toEqual([
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      10,
      11,
      12,
      ...Array.from({ length: 9 }, () => 2),
    ]);
    expect(asked[19]).toEqual([PUSH, from(19)]);
    expect(memory.widen('prod/app', [PUSH, from(3)])).toHaveLength(12);
  });

  it('are two thousand characters at most', () => {
    const memory = new ScopeCache();
    const from = (number: number) => `repository:${'long/'.repeat(50)}${number}:pull`;
    for (let number = 0; number < 20; number++) {
      expect(memory.widen('prod/app', [PUSH, from(number)]).join(' ').length).toBeLessThanOrEqual(2048);
    }
  });

  it.each([
    [2048, 2],
    [2049, 1],
  ])('of %i characters, the spaces between them included, are asked for as %i', (characters, count) => {
    const memory = new ScopeCache();
    memory.widen('prod/app', [PUSH]);
    const name = 'x'.repeat(characters - `${PUSH} repository::pull,push`.length);
    expect(memory.widen('prod/app', [`repository:${name}:pull,push`])).toHaveLength(count);
  });

  it('that are longer by themselves are asked for all the same', () => {
    const long = `repository:${'long/'.repeat(500)}app:pull,push`;
    const memory = new ScopeCache();
    expect(memory.widen('prod/app', [long])).toEqual([long]);
    expect(memory.widen('prod/app', [PUSH])).toEqual([PUSH]);
  });

  it('that were refused together are asked for apart', () => {
    const memory = new ScopeCache();
    const refused = memory.widen('prod/app', [PUSH, FROM_A]);
    memory.forget('prod/app', refused);
    expect(memory.widen('prod/app', [PUSH])).toEqual([PUSH]);
    memory.forget('prod/app', refused); // told late
    expect(memory.widen('prod/app', [PULL])).toEqual([PUSH]);
    memory.forget('prod/app', memory.widen('prod/app', [PUSH, FROM_B]));
    expect(memory.widen('prod/app', [PULL])).toEqual([PUSH]);
  });
});
