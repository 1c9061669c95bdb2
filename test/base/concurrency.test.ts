import { describe, expect, it } from 'vitest';
import {
  allSettledOrThrow,
  forEachConcurrently,
  forEachInLanes,
  settleWhile,
} from '../../src/base/concurrency.ts';
import { AbortedError } from '../../src/base/errors.ts';

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

describe('for each in lanes', () => {
  const laneOf = (item: string) => item.slice(0, 1);

  it('a lane that waits holds up no other', async () => {
    const ended: string[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const items = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'];
    const run = forEachInLanes(items, { laneOf, workers: 1, signal: NEVER }, async (item) => {
      if (item === 'a1') await held;
      ended.push(item);
      if (item === 'b3') release();
    });
    await run;
    expect(ended).toEqual(['b1', 'b2', 'b3', 'a1', 'a2', 'a3']);
  });

  it('each lane has its own workers', async () => {
    let running = 0;
    let peak = 0;
    const items = Array.from({ length: 30 }, (_, number) => `${'abc'[number % 3]}${number}`);
    await forEachInLanes(items, { laneOf, workers: 2, signal: NEVER }, async () => {
      running += 1;
      peak = Math.max(peak, running);
      await turn();
      running -= 1;
    });
    expect({ peak, running }).toEqual({ peak: 6, running: 0 });
  });

  it('all lanes together run no more than they may, and the shares of those that come late', async () => {
    let running = 0;
    let peak = 0;
    const items = Array.from({ length: 60 }, (_, number) => `${'abc'[number % 3]}${number}`);
    const options = { laneOf, workers: 10, together: 7, signal: NEVER };
    await forEachInLanes(items, options, async () => {
      running += 1;
      peak = Math.max(peak, running);
      await turn();
      running -= 1;
    });
    expect({ peak, running }).toEqual({ peak: 7 + 2 + 2, running: 0 });
  });

  it('lanes that hold every turn leave another one its share', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const ended: string[] = [];
    const items = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3', 'c4'];
    const options = { laneOf, workers: 3, together: 6, signal: NEVER };
    await forEachInLanes(items, options, async (item) => {
      if (!item.startsWith('c')) await held;
      ended.push(item);
      if (item === 'c4') release();
    });
    expect(ended).toEqual(['c1', 'c2', 'c3', 'c4', 'a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
  });

  it('a lane that fails begins nothing that waits for a turn, and the others go on', async () => {
    const begun: string[] = [];
    const options = { laneOf, workers: 2, together: 2, signal: NEVER };
    const run = forEachInLanes(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'], options, async (item) => {
      begun.push(item);
      await turn();
      if (item === 'a1') throw new Error('no');
    });
    await expect(run).rejects.toThrow('no');
    expect(begun.filter((item) => item.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(begun).not.toContain('a3');
  });

  it('begins nothing that waits for a turn once the signal is aborted', async () => {
    const stopping = new AbortController();
    const begun: string[] = [];
    const options = { laneOf, workers: 3, together: 1, signal: stopping.signal };
    const run = forEachInLanes(['a1', 'a2', 'a3', 'a4'], options, async (item) => {
      begun.push(item);
      await turn();
      stopping.abort(new Error('stop'));
    });
    await expect(run).rejects.toThrow('stop');
    expect(begun).toEqual(['a1']);
  });

  it('throws what the signal carries', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(forEachInLanes(['a'], { laneOf, workers: 1, signal }, turn)).rejects.toThrow('stop');
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

  const bare = new DOMException('stopped', 'AbortError');
  const first = new Error('first');
  const telling = new AbortedError(first);
  it.each([
    ['a failure before an abort', [bare, telling, first], first],
    ['the first of several failures', [first, new Error('second')], first],
    ['an abort that tells a failure before one that does not', [bare, telling, bare], telling],
    ['an abort where there is nothing else', [bare, bare], bare],
  ])('throws %s', async (_what, thrown, expected) => {
    await expect(allSettledOrThrow(thrown.map((one) => Promise.reject(one)))).rejects.toBe(expected);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('tasks that are begun while there is a reason to', () => {
  const task = (value: number, log: number[]) => () => {
    log.push(value);
    return value % 5 === 4 ? Promise.reject(new Error(String(value))) : Promise.resolve();
  };

  it('are all run, and all that they throw is told', async () => {
    const log: number[] = [];
    const tasks = Array.from({ length: 10 }, (_, value) => task(value, log));
    const { thrown, left } = await settleWhile(tasks, { workers: 3, goOn: () => true });
    expect(log).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(thrown).toEqual([new Error('4'), new Error('9')]);
    expect(left).toBe(0);
  });

  it('are not begun any more once there is none, and those that were are waited for', async () => {
    const log: number[] = [];
    const tasks = Array.from({ length: 100 }, (_, value) => task(value, log));
    const { thrown, left } = await settleWhile(tasks, { workers: 2, goOn: () => log.length < 5 });
    expect(log).toEqual([0, 1, 2, 3, 4]);
    expect(thrown).toEqual([new Error('4')]);
    expect(left).toBe(95);
  });

  it('may throw at once', async () => {
    const broken = () => {
      throw new Error('at once');
    };
    expect(await settleWhile([broken], { workers: 8, goOn: () => true })).toEqual({
      thrown: [new Error('at once')],
      left: 0,
    });
    expect(await settleWhile([], { workers: 8, goOn: () => true })).toEqual({ thrown: [], left: 0 });
  });
});
