import { describe, expect, it } from 'vitest';
import { TrafficHistory } from '../../src/http/traffic-history.ts';

function historyAt() {
  let now = 5_000_000;
  const history = new TrafficHistory({ monotonic: () => now });
  return { history, wait: (milliseconds: number) => (now += milliseconds) };
}

describe('traffic over time', () => {
  it('is counted in the second in which it happens, by host', () => {
    const { history, wait } = historyAt();
    history.add('a.io', 'requests', 1);
    wait(999);
    history.add('a.io', 'requests', 1);
    wait(2_001);
    history.add('a.io', 'requests', 1);
    history.add('b.io', 'bytesIn', 7);
    expect(history.of('a.io')).toEqual({
      stepMs: 1000,
      requests: [2, 0, 0, 1],
      retries: [],
      throttled: [],
      bytesIn: [],
      bytesOut: [],
    });
    expect(history.of('b.io')).toMatchObject({ requests: [], bytesIn: [0, 0, 0, 7] });
    expect(history.of('c.io')).toBeUndefined();
  });

  it('has 30 steps at most, which become longer, and loses no count', () => {
    const { history, wait } = historyAt();
    const hours = 3;
    for (let second = 0; second < hours * 3600; second++) {
      history.add('a.io', 'requests', 1);
      if (second === 0) history.add('a.io', 'retries', 5);
      wait(1000);
    }
    const { stepMs, requests = [], retries } = history.of('a.io') ?? {};
    expect(stepMs).toBe(512_000);
    expect(requests.length).toBe(Math.ceil((hours * 3600) / 512));
    expect(requests.slice(0, -1)).toEqual(Array.from({ length: requests.length - 1 }, () => 512));
    expect(requests.reduce((sum, count) => sum + count)).toBe(hours * 3600);
    expect(retries).toEqual([5]);
  });

  it('survives a silence that is longer than all steps together', () => {
    const { history, wait } = historyAt();
    history.add('a.io', 'throttled', 1);
    wait(86_400_000);
    history.add('a.io', 'throttled', 2);
    const { throttled = [] } = history.of('a.io') ?? {};
    expect([throttled[0], throttled.at(-1), throttled.length <= 30]).toEqual([1, 2, true]);
  });
});
