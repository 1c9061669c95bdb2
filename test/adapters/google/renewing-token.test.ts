// Covers src/adapters/google/google-error.ts

import { describe, expect, it } from 'vitest';
import { GoogleError } from '../../../src/adapters/google/google-error.ts';
import { type Mint, RenewingToken } from '../../../src/adapters/google/renewing-token.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';

const { signal } = new AbortController();
const SECOND = 1000;

/** A token whose lives, in milliseconds, are these, one after the other. */
function tokenOf(...lives: readonly (number | GoogleError)[]) {
  const clock = new FakeClock();
  let made = 0;
  const mint: Mint = async () => {
    const life = lives[made] ?? 3600 * SECOND;
    made += 1;
    if (typeof life !== 'number') throw life;
    return { token: `t${made}`, lifetime: life };
  };
  const token = new RenewingToken(mint, { owner: 'x', clock, log: { write: () => {} } });
  return { clock, current: () => token.current(signal), drop: (value: string) => token.drop(value) };
}

describe('a token that is renewed', () => {
  it.each([
    ['of an hour', 3600, 3299, 3301],
    ['of less than the margin', 60, 29, 31],
    ['of two seconds', 2, 0.9, 1.1],
    ['that is dead by our clock', -600, 29, 31],
  ])('%s is kept for a time, then made again', async (_what, life, kept, over) => {
    const { clock, current } = tokenOf(life * SECOND);
    expect(await current()).toBe('t1');
    clock.advance(kept * SECOND);
    expect(await current()).toBe('t1');
    clock.advance((over - kept) * SECOND);
    expect(await current()).toBe('t2');
  });

  it('is asked for twice a minute where its maker hands out the old one', async () => {
    const { clock, current } = tokenOf(240 * SECOND, 200 * SECOND);
    await current();
    clock.advance(29 * SECOND);
    expect(await current()).toBe('t1');
    clock.advance(2 * SECOND);
    expect(await current()).toBe('t2');
    clock.advance(29 * SECOND);
    expect(await current()).toBe('t2');
  });

  it('is made again where somebody has refused it, once for all who have', async () => {
    const { clock, current, drop } = tokenOf();
    await current();
    clock.advance(31 * SECOND);
    drop('t1');
    expect(await current()).toBe('t2');
    drop('t1');
    expect(await current()).toBe('t2');
  });

  it('is not made again at each refusal of one that is new', async () => {
    const { clock, current, drop } = tokenOf();
    await current();
    clock.advance(29 * SECOND);
    drop('t1');
    expect(await current()).toBe('t1');
  });

  it('that could not be had for want of an answer is asked for again at once', async () => {
    const { current } = tokenOf(new GoogleError('unavailable', 'later'));
    await expect(current()).rejects.toThrow('later');
    expect(await current()).toBe('t2');
  });

  it('that was refused stays so for a minute', async () => {
    const { clock, current } = tokenOf(new GoogleError('denied', 'no'));
    await expect(current()).rejects.toThrow('no');
    clock.advance(59 * SECOND);
    await expect(current()).rejects.toThrow('no');
    clock.advance(SECOND);
    expect(await current()).toBe('t2');
  });
});
