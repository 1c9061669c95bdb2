import { describe, expect, it } from 'vitest';
import { filtered, lazily, mapped } from '../../src/base/iterables.ts';

describe('values that are made when they are gone through', () => {
  it('are made each time anew, and not before', () => {
    let made = 0;
    const values = lazily(function* () {
      made += 1;
      yield 1;
      yield 2;
    });
    const some = mapped(
      filtered(values, (value) => value > 1),
      (value) => value * 10,
    );
    expect(made).toBe(0);
    expect([Array.from(some), Array.from(some)]).toEqual([[20], [20]]);
    expect(made).toBe(2);
  });
});
