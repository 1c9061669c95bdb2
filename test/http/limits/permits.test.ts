import { describe, expect, it } from 'vitest';
import { Permits } from '../../../src/http/limits/permits.ts';

/** Takes a permit; the value tells whether it has come. */
function taken(permits: Permits): { isTaken: boolean } {
  const state = { isTaken: false };
  const wait = permits.take();
  if (wait === undefined) state.isTaken = true;
  else
    void wait.then(() => {
      state.isTaken = true;
    });
  return state;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('permits', () => {
  it('are taken at once while there are some', () => {
    const permits = new Permits(2);
    expect([permits.take(), permits.take()]).toEqual([undefined, undefined]);
    expect(permits.take()).toBeInstanceOf(Promise);
  });

  it('go to those who wait, in their order', async () => {
    const permits = new Permits(1);
    const all = [taken(permits), taken(permits), taken(permits)];
    for (const expected of [1, 2, 3]) {
      await turn();
      expect(all.filter(({ isTaken }) => isTaken)).toEqual(all.slice(0, expected));
      permits.release();
    }
  });

  it('become more at once, and fewer as they are given back', async () => {
    const permits = new Permits(1);
    const all = [1, 2, 3, 4].map(() => taken(permits));
    permits.limit = 3;
    await turn();
    expect(all.map(({ isTaken }) => isTaken)).toEqual([true, true, true, false]);
    permits.limit = 1;
    for (let released = 1; released <= 3; released++) {
      permits.release();
      await turn();
      expect(all[3]?.isTaken).toBe(released === 3);
    }
  });
});
