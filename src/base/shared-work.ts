import { untilAborted } from './concurrency.ts';

/**
 * Work shared by concurrent callers. The first call starts it. An aborted signal ends its own call only; the last one
 * aborts the work. The result is not kept.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #running: Running<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** The result or error of the work, or the reason of an aborted signal. */
  async join(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const running = (this.#running ??= this.#start());
    const waiting = running.waiting.get(signal) ?? this.#wait(running, signal);
    running.waiting.set(signal, waiting);
    return waiting;
  }

  #start(): Running<T> {
    const stop = new AbortController();
    return { result: this.#work(stop.signal), stop, waiting: new Map() };
  }

  async #wait(running: Running<T>, signal: AbortSignal): Promise<T> {
    try {
      return await untilAborted(running.result, signal);
    } finally {
      running.waiting.delete(signal);
      if (running.waiting.size === 0) {
        if (this.#running === running) this.#running = undefined;
        running.stop.abort();
      }
    }
  }
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  /** One promise for each signal: hundreds of requests share a signal, and node warns of as many listeners. */
  readonly waiting: Map<AbortSignal, Promise<T>>;
}

/** Work with a limit in milliseconds: after it the work is aborted, and `late` is thrown. */
export async function withinLimit<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signal, limit, late }: { signal: AbortSignal; limit: number; late: () => Error },
): Promise<T> {
  const stop = new AbortController();
  const leave = () => stop.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', leave);
  const timer = setTimeout(() => stop.abort(late()), limit);
  try {
    return await untilAborted(work(stop.signal), stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}
