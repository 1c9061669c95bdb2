import { untilAborted } from '../../base/concurrency.ts';

/**
 * Work that several may wait for at once, done once: the first to come starts it, each one leaves when its own signal
 * is aborted, and when nobody is left the work is aborted too. Nothing is remembered when it has ended.
 */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #running: Running<T> | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** Its result, or what it throws; the signal's reason when that comes first. */
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
  /** One for each signal: a run has one signal for hundreds of requests, and node warns of so many listeners. */
  readonly waiting: Map<AbortSignal, Promise<T>>;
}

/** Work that has to end within some milliseconds: when they are over it is aborted, and `late` is what is thrown. */
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
