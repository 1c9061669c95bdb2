import { describe, expect, it } from 'vitest';
import { HostBudget } from '../../../src/http/limits/host-limits.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';

const PLENTY = { requests: 1e6, writes: 1e6 };

/** A host with so many slots, and how many requests it lets through at a time. */
function setUp(slots: number) {
  const clock = new FakeClock();
  const host = new HostBudget(clock, { budget: PLENTY, slots });
  const atATime = async () => {
    let running = 0;
    let peak = 0;
    const task = async () => {
      running += 1;
      peak = Math.max(peak, running);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 3 * slots }, () => host.inSlot(task)));
    return peak;
  };
  /** A refusal of what was sent after all refusals so far. */
  const refuse = () => {
    clock.advance(1);
    host.narrow(clock.monotonic());
  };
  const accept = (times: number) => {
    for (let time = 0; time < times; time++) host.widen();
  };
  return { clock, host, atATime, refuse, accept };
}

describe('requests at a time to a host', () => {
  it('are as many as it has slots, and no more after good answers', async () => {
    const { atATime, accept } = setUp(8);
    accept(100);
    expect(await atATime()).toBe(8);
  });

  it.each([
    [1, 4],
    [2, 2],
    [3, 1],
    [4, 1],
  ])(
    'are half as many after each refusal, and one at least: %i of them leave %i of 8',
    async (times, left) => {
      const { atATime, refuse } = setUp(8);
      for (let time = 0; time < times; time++) refuse();
      expect(await atATime()).toBe(left);
    },
  );

  it('are not halved again by what had been sent before', async () => {
    const { clock, host, atATime, refuse } = setUp(8);
    const sentAt = clock.monotonic();
    refuse();
    host.narrow(sentAt);
    host.narrow(clock.monotonic());
    expect(await atATime()).toBe(4);
  });

  it.each([
    [3, 4],
    [4, 5],
    [8, 5],
    [9, 6],
    [100, 8],
  ])('grow by one after as many good answers as there are: %i make 4 of 8 into %i', async (answers, now) => {
    const { atATime, refuse, accept } = setUp(8);
    refuse();
    accept(answers);
    expect(await atATime()).toBe(now);
  });

  it('begin to count good answers anew at a refusal', async () => {
    const { atATime, refuse, accept } = setUp(8);
    refuse();
    accept(3);
    refuse();
    accept(1);
    expect(await atATime()).toBe(2);
    accept(1);
    expect(await atATime()).toBe(3);
  });
});
