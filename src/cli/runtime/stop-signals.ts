import { setMaxListeners } from 'node:events';

/** How a run is stopped from outside, in two steps. */
export interface StopSignals {
  /** Aborts at the first SIGINT or SIGTERM: nothing new is begun. */
  readonly stopping: AbortSignal;
  /**
   * Aborts some seconds later, or at the second one: what is in flight is abandoned. A process that does not end then,
   * whatever it waits for, is killed by the signal some seconds later, or at the third one.
   */
  readonly signal: AbortSignal;
  /** 130 or 143, once stopped. */
  exitCode(): number | undefined;
  /** Gives the signals back. */
  release(): void;
}

/** Milliseconds that requests in flight have to finish: `docker stop` kills after 10 s, and the report is to be written. */
export const GRACE = 7_000;
/** Milliseconds that remain for the report once everything is abandoned. */
const LAST_WORDS = 5_000;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export function catchStopSignals(): StopSignals {
  const soft = new AbortController();
  const hard = new AbortController();
  // every request in flight listens to these signals, and to those that are made of them; 0 means the same and makes
  // the getMaxListeners of node 20 throw, which undici's fetch calls
  setMaxListeners(Number.POSITIVE_INFINITY);
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (name: SignalName) => {
    if (hard.signal.aborted) return die(name);
    if (soft.signal.aborted) return abandon(name);
    exitCode = EXIT_CODES[name];
    soft.abort(reasonOf(name));
    timer = setTimeout(() => abandon(name), GRACE);
  };
  const abandon = (name: SignalName) => {
    clearTimeout(timer);
    hard.abort(reasonOf(name));
    timer = setTimeout(() => die(name), LAST_WORDS);
  };
  const die = (name: SignalName) => {
    release();
    process.kill(process.pid, name); // nobody listens any more: not even a thread that hangs holds it up
    process.exit(EXIT_CODES[name]); // the first process of a container is not killed by a signal that nobody listens to
  };
  const release = () => {
    clearTimeout(timer);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    stopping: soft.signal,
    signal: hard.signal,
    exitCode: () => exitCode,
    release,
  };
}

type SignalName = keyof typeof EXIT_CODES;

function reasonOf(name: SignalName): DOMException {
  return new DOMException(`stopped by ${name}`, 'AbortError');
}
