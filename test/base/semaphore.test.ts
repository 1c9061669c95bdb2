import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/base/semaphore.ts';

/** Tasks that end when they are told to, in the order in which they began. */
function setUp(permits: number) {
  const semaphore = new Semaphore(permits);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const start = (number: number) =>
    semaphore.run(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      return number;
    });
  return { semaphore, begun, start, endFirst: () => ends.shift()?.() };
}

/** Lets everything run that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a semaphore', () => {
  it('runs as many tasks at a time as it has permits, in the order in which they came', async () => {
    const { begun, start, endFirst } = setUp(2);
    const all = Promise.all([1, 2, 3, 4].map(start));
    await settle();
    expect(begun).toEqual([1, 2]);
    for (let task = 0; task < 4; task++) {
      endFirst();
      await settle();
    }
    expect(await all).toEqual([1, 2, 3, 4]);
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it('gives a permit back after a failure', async () => {
    const { semaphore } = setUp(1);
    await expect(semaphore.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await semaphore.run(() => Promise.resolve('next'))).toBe('next');
  });

  it('has one permit at least', async () => {
    expect(await setUp(0).semaphore.run(() => Promise.resolve('run'))).toBe('run');
  });

  it('begins waiting tasks at once when it gets more permits', async () => {
    const { semaphore, begun, start } = setUp(1);
    for (const number of [1, 2, 3]) void start(number);
    semaphore.resize(3);
    await settle();
    expect(begun).toEqual([1, 2, 3]);
  });

  it('begins no task until enough have ended when it gets fewer permits', async () => {
    const { semaphore, begun, start, endFirst } = setUp(3);
    for (const number of [1, 2, 3, 4]) void start(number);
    semaphore.resize(1);
    endFirst();
    endFirst();
    await settle();
    expect(begun).toEqual([1, 2, 3]);
    endFirst();
    await settle();
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it('keeps the order of thousands of tasks', async () => {
    const semaphore = new Semaphore(3);
    const numbers = Array.from({ length: 5000 }, (_, number) => number);
    const begun: number[] = [];
    await Promise.all(numbers.map((number) => semaphore.run(async () => void begun.push(number))));
    expect(begun).toEqual(numbers);
  });
});
