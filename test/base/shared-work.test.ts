import { describe, expect, it } from 'vitest';
import { SharedWork, withinLimit } from '../../src/base/shared-work.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to, and the signals that it got. */
function work() {
  const signals: AbortSignal[] = [];
  const ends: ((result: string) => void)[] = [];
  const shared = new SharedWork<string>((signal) => {
    signals.push(signal);
    return new Promise((resolve) => ends.push(resolve));
  });
  return { shared, signals, ends };
}

describe('shared work', () => {
  it('is done once for all who wait, and again for who comes later', async () => {
    const { shared, ends } = work();
    const waiting = [shared.join(never), shared.join(never)];
    ends[0]?.('first');
    expect(await Promise.all(waiting)).toEqual(['first', 'first']);
    const later = shared.join(never);
    ends[1]?.('second');
    expect(await later).toBe('second');
  });

  it('goes on while somebody waits, and is aborted when nobody does', async () => {
    const { shared, signals } = work();
    const stops = [new AbortController(), new AbortController()];
    const waiting = stops.map(({ signal }) => shared.join(signal));
    stops[0]?.abort(new Error('one'));
    await expect(waiting[0]).rejects.toThrow('one');
    expect(signals[0]?.aborted).toBe(false);
    stops[1]?.abort(new Error('two'));
    await expect(waiting[1]).rejects.toThrow('two');
    expect(signals[0]?.aborted).toBe(true);
  });

  it('that was aborted is begun anew for who comes later', async () => {
    const { shared, ends, signals } = work();
    const stop = new AbortController();
    const left = shared.join(stop.signal);
    stop.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const later = shared.join(never);
    ends[1]?.('anew');
    expect(await later).toBe('anew');
    expect(signals).toHaveLength(2);
  });

  it('is not begun for a signal that was aborted before', async () => {
    const { shared, signals } = work();
    await expect(shared.join(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(signals).toEqual([]);
  });
});

describe('work with a limit', () => {
  const late = () => new Error('late');

  it('that ends in time has its result', async () => {
    expect(await withinLimit(async () => 1, { signal: never, limit: 60_000, late })).toBe(1);
  });

  it('that does not, and does not listen either, is left and told so', async () => {
    let told: AbortSignal | undefined;
    const stuck = (signal: AbortSignal) => {
      told = signal;
      return new Promise<never>(() => {});
    };
    await expect(withinLimit(stuck, { signal: never, limit: 1, late })).rejects.toThrow('late');
    expect(told?.aborted).toBe(true);
  });

  it('is left when the signal is aborted', async () => {
    const stop = new AbortController();
    const left = withinLimit(() => new Promise<never>(() => {}), {
      signal: stop.signal,
      limit: 60_000,
      late,
    });
    stop.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
  });
});
