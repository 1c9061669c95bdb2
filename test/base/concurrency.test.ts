import { describe, expect, it } from 'vitest';
import { allSettledOrThrow, forEachConcurrently } from '../../src/base/concurrency.ts';

const NEVER = new AbortController().signal;

describe('for each concurrently', () => {
  it.each([
    [1, 1],
    [3, 3],
    [50, 10],
    [0, 1],
  ])('with %i workers runs %i of ten tasks at a time', async (workers, expected) => {
    let running = 0;
    let peak = 0;
    await forEachConcurrently(Array.from({ length: 10 }), { workers, signal: NEVER }, async () => {
      running += 1;
      peak = Math.max(peak, running);
      await turn();
      running -= 1;
    });
    expect({ peak, running }).toEqual({ peak: expected, running: 0 });
  });

  it('begins the tasks in the order of the items', async () => {
    const begun: number[] = [];
    await forEachConcurrently([3, 1, 2], { workers: 2, signal: NEVER }, async (item) => {
      begun.push(item);
      await turn();
    });
    expect(begun).toEqual([3, 1, 2]);
  });

  it('throws the first failure after what is in flight, and begins nothing more', async () => {
    const log: string[] = [];
    const run = forEachConcurrently(['bad', 'slow', 'late'], { workers: 2, signal: NEVER }, async (item) => {
      log.push(`begin ${item}`);
      if (item === 'bad') throw new Error('no');
      await turn();
      log.push(`end ${item}`);
    });
    await expect(run).rejects.toThrow('no');
    expect(log).toEqual(['begin bad', 'begin slow', 'end slow']);
  });

  it('throws what the signal carries, after what is in flight', async () => {
    const stopping = new AbortController();
    const log: string[] = [];
    const run = forEachConcurrently([1, 2, 3], { workers: 1, signal: stopping.signal }, async (item) => {
      stopping.abort(new Error('stop'));
      await turn();
      log.push(`end ${item}`);
    });
    await expect(run).rejects.toThrow('stop');
    expect(log).toEqual(['end 1']);
  });

  it('does nothing for nothing', async () => {
    await expect(
      forEachConcurrently([], { workers: 4, signal: NEVER }, async () => {
        throw new Error('called');
      }),
    ).resolves.toBeUndefined();
  });
});

describe('all settled or throw', () => {
  it('gives the values in the order of the promises', async () => {
    const slow = turn().then(() => 'slow');
    expect(await allSettledOrThrow([slow, Promise.resolve('fast')])).toEqual(['slow', 'fast']);
  });

  it('waits for everyone before it throws the first rejection', async () => {
    let ended = false;
    const slow = turn().then(() => {
      ended = true;
    });
    await expect(allSettledOrThrow([Promise.reject(new Error('no')), slow])).rejects.toThrow('no');
    expect(ended).toBe(true);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
