import { CodedError } from './errors.ts';
import { MinHeap } from './min-heap.ts';

/** The result of visiting a key. */
export interface Visited<K extends string, T> {
  readonly value: T;
  /** Keys that it leads to; each is greater than the key itself. One that was seen before is not visited again. */
  readonly leadsTo: readonly K[];
}

export interface WalkOptions<K extends string, T> {
  readonly roots: Iterable<K>;
  readonly visit: (key: K, signal: AbortSignal) => Promise<Visited<K, T>>;
  /** Visits at a time. */
  readonly workers: number;
  /** Values that may be under way or wait for their turn, so that one slow visit does not fill the memory. */
  readonly window: number;
  /** Number of keys after which the walk fails: an endless supply of new keys must not fill the memory. */
  readonly maxKeys: number;
  readonly signal: AbortSignal;
}

/**
 * Visits a growing set of keys concurrently and yields the values in the order of their keys, each as soon as no
 * lesser key can come any more. Early results wait, at most `window` of them (one more for each level that a key leads
 * down).
 *
 * Throws the error of a visit or of the signal, once the visits in flight have settled. A consumer that stops early ends
 * them too.
 */
export async function* walkInOrder<K extends string, T>(
  options: WalkOptions<K, T>,
): AsyncGenerator<T, void, undefined> {
  const walk = new Walk(options);
  try {
    while (!walk.isOver()) {
      walk.startVisits();
      const next = walk.takeNext();
      if (next !== undefined) yield next.value;
      else await walk.change();
    }
  } finally {
    await walk.end();
  }
}

/** The walk has led to more keys than it may. */
export class WalkError extends CodedError<'endless'> {
  constructor(maxKeys: number) {
    super('endless', `a walk leads to more than ${maxKeys} places: given up`);
  }
}

interface Finished<K, T> {
  readonly key: K;
  readonly value: T;
}

class Walk<K extends string, T> {
  readonly #options: WalkOptions<K, T>;
  readonly #seen = new Set<K>();
  readonly #pending = new MinHeap<K>((key) => key);
  readonly #running = new Map<K, Promise<void>>();
  readonly #finished = new MinHeap<Finished<K, T>>(({ key }) => key);
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #failure: { readonly reason: unknown } | undefined;

  constructor(options: WalkOptions<K, T>) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#add(options.roots);
  }

  /** Throws where it cannot go on, even if nothing is left to be done. */
  isOver(): boolean {
    this.#options.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.reason;
    return this.#pending.size + this.#running.size + this.#finished.size === 0;
  }

  startVisits(): void {
    while (this.#running.size < this.#options.workers && this.#hasRoom()) {
      const key = this.#pending.pop();
      if (key === undefined) return;
      this.#running.set(key, this.#visit(key));
    }
  }

  /** The value whose turn it is, where it is there. */
  takeNext(): Finished<K, T> | undefined {
    const key = this.#finished.leastKey();
    if (key === undefined || this.#isPreceded(key)) return undefined;
    return this.#finished.pop();
  }

  /** Resolves when a visit has ended, however it did. */
  async change(): Promise<void> {
    await Promise.race(this.#running.values());
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  /** A full window makes room for the key that all others wait for. */
  #hasRoom(): boolean {
    if (this.#running.size + this.#finished.size < this.#options.window) return true;
    const next = this.#pending.leastKey();
    const finished = this.#finished.leastKey();
    return next !== undefined && (finished === undefined || next < finished) && !this.#isRunningBefore(next);
  }

  #isPreceded(key: string): boolean {
    const pending = this.#pending.leastKey();
    return (pending !== undefined && pending < key) || this.#isRunningBefore(key);
  }

  #isRunningBefore(key: string): boolean {
    for (const running of this.#running.keys()) if (running < key) return true;
    return false;
  }

  async #visit(key: K): Promise<void> {
    try {
      const { value, leadsTo } = await this.#options.visit(key, this.#signal);
      this.#finished.push({ key, value });
      this.#add(leadsTo);
    } catch (reason) {
      this.#failure ??= { reason };
    } finally {
      this.#running.delete(key);
    }
  }

  #add(keys: Iterable<K>): void {
    for (const key of keys) {
      if (this.#seen.has(key)) continue;
      if (this.#seen.size >= this.#options.maxKeys) throw new WalkError(this.#options.maxKeys);
      this.#seen.add(key);
      this.#pending.push(key);
    }
  }
}
