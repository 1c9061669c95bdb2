import { expect, it } from 'vitest';
import { BoundedCache } from '../../../src/auditor/verdict/bounded-cache.ts';

it('makes a value once, also for calls at the same time', async () => {
  const cache = new BoundedCache<string, number>(10);
  let made = 0;
  const make = async () => ++made;
  expect(await Promise.all([cache.get('a', make), cache.get('a', make)])).toEqual([1, 1]);
  expect(await cache.get('a', make)).toBe(1);
  expect(cache.known('a')).toBe(1);
  expect(cache.known('b')).toBeUndefined();
});

it('remembers neither failures nor the absence of a value', async () => {
  const cache = new BoundedCache<string, number>(10);
  await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  expect(await cache.get('a', async () => undefined)).toBeUndefined();
  expect(await cache.get('a', async () => 2)).toBe(2);
});

it('forgets the oldest value beyond its limit', async () => {
  const cache = new BoundedCache<number, number>(3);
  for (let key = 0; key < 100_000; key++) await cache.get(key, async () => key);
  const ends = [0, 1, 99_996, 99_997, 99_998, 99_999];
  expect(ends.map((key) => cache.known(key))).toEqual([...Array(3), 99_997, 99_998, 99_999]);
  expect(cache.size).toBe(3);
});
