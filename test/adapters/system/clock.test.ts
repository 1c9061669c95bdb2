import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/adapters/system/clock.ts';

describe('the clock of the machine', () => {
  it('tells the time, how much of it has passed, and chance', () => {
    expect(Math.abs(systemClock.wallTime() - Date.now())).toBeLessThan(10_000);
    expect(Math.abs(systemClock.monotonic() - performance.now())).toBeLessThan(10_000);
    const numbers = Array.from({ length: 100 }, () => systemClock.random());
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(90);
  });

  it('waits, at least that long', async () => {
    const before = performance.now();
    await systemClock.sleep(15, new AbortController().signal);
    expect(performance.now() - before).toBeGreaterThanOrEqual(14);
  });

  it('stops waiting with what the signal carries', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const waiting = systemClock.sleep(3_600_000, stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(systemClock.sleep(3_600_000, stop.signal)).rejects.toBe(reason);
  });

  it('waits for longer than a timer of Node can: 25 days and more', async () => {
    const stop = new AbortController();
    let over = false;
    const waiting = systemClock.sleep(2 ** 31, stop.signal).finally(() => (over = true));
    // a timer that overflows is over after a millisecond
    await systemClock.sleep(20, new AbortController().signal);
    expect(over).toBe(false);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
