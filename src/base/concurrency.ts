import { mostInformative } from './errors.ts';
import { groupBy } from './maps.ts';

/**
 * Runs `task` for every item with at most `workers` at a time, in the order of the items.
 *
 * A rejection is thrown after the tasks in flight have settled; no new one is started. An aborted `signal` stops it the
 * same way, and is thrown only for want of another error. Cheaper than a closure and a promise per item, so fit for hundreds of thousands.
 */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  options: { workers: number; signal: AbortSignal },
  task: (item: T) => Promise<void>,
): Promise<void> {
  const { workers, signal } = options;
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const work = async () => {
    while (!failed) {
      signal.throwIfAborted();
      const next = iterator.next();
      if (next.done) return;
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await allSettledOrThrow(Array.from({ length: Math.max(1, workers) }, work));
}

export interface LaneOptions<T> {
  readonly laneOf: (item: T) => string;
  /** Tasks of each lane at a time. */
  readonly workers: number;
  /**
   * Tasks of all lanes at a time. A lane gets an equal share of them even while others hold all: then there are up to
   * twice as many. Unset: no limit.
   */
  readonly together?: number;
  readonly signal: AbortSignal;
}

/** The same with independent lanes: at most `workers` at a time in each, so a slow lane does not delay the others. */
export async function forEachInLanes<T>(
  items: Iterable<T>,
  { laneOf, workers, together = Infinity, signal }: LaneOptions<T>,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const lanes = Array.from(groupBy(items, laneOf).values());
  const turns = new Turns(together, Math.max(1, Math.floor(together / lanes.length)));
  await allSettledOrThrow(
    lanes.map((lane) => forEachConcurrently(lane, { workers, signal }, turns.limit(task, signal))),
  );
}

/** The turns of all lanes, in the order in which they are asked for. */
class Turns {
  readonly #most: number;
  /** Turns that each lane may have whatever the others hold. */
  readonly #share: number;
  readonly #waiting = new Set<{ readonly lane: { taken: number }; readonly begin: () => void }>();
  #taken = 0;

  constructor(most: number, share: number) {
    this.#most = most;
    this.#share = share;
  }

  /** The task of one lane, once it has a turn. A task that waits while another one of its lane fails is not begun. */
  limit<T>(task: (item: T) => Promise<void>, signal: AbortSignal): (item: T) => Promise<void> {
    const lane = { taken: 0 };
    let failed = false;
    return async (item) => {
      if (this.#isFree(lane)) this.#take(lane);
      else await new Promise<void>((begin) => this.#waiting.add({ lane, begin }));
      try {
        if (failed) return;
        signal.throwIfAborted();
        await task(item);
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        this.#release(lane);
      }
    };
  }

  #isFree(lane: { readonly taken: number }): boolean {
    return this.#taken < this.#most || lane.taken < this.#share;
  }

  #take(lane: { taken: number }): void {
    this.#taken += 1;
    lane.taken += 1;
  }

  #release(lane: { taken: number }): void {
    this.#taken -= 1;
    lane.taken -= 1;
    for (const next of this.#waiting) {
      if (!this.#isFree(next.lane)) continue;
      this.#waiting.delete(next);
      this.#take(next.lane);
      return next.begin();
    }
  }
}

/**
 * Runs tasks in order, at most `workers` at a time, and starts no more of them once `goOn` is false. Resolves when all
 * started tasks have settled, to their errors and the number of tasks that were not started.
 */
export async function settleWhile(
  tasks: readonly (() => Promise<unknown>)[],
  { workers, goOn }: { readonly workers: number; readonly goOn: () => boolean },
): Promise<{ readonly thrown: readonly unknown[]; readonly left: number }> {
  const thrown: unknown[] = [];
  const queue = tasks.values();
  let left = tasks.length;
  const work = async () => {
    while (goOn()) {
      const next = queue.next();
      if (next.done) return;
      left -= 1;
      try {
        await next.value();
      } catch (error) {
        thrown.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, work));
  return { thrown, left };
}

/**
 * Waits for every promise to settle, then throws the first rejection if there was one, an abort only for want of
 * another: no task is left behind.
 */
export async function allSettledOrThrow<T>(promises: Iterable<Promise<T>>): Promise<T[]> {
  const values: T[] = [];
  const thrown: unknown[] = [];
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'fulfilled') values.push(result.value);
    else thrown.push(result.reason);
  }
  if (thrown.length > 0) throw mostInformative(thrown);
  return values;
}

/** The result of a promise, or the signal's reason if it comes first, even if the promise ignores the signal. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    const stay = () => signal.removeEventListener('abort', leave);
    void promise.then(resolve, reject).finally(stay);
  });
}
