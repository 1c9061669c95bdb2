import { setMaxListeners } from 'node:events';

/** The signals that stop a run, in two steps. */
export interface StopSignals {
  /** Aborts at the first SIGINT or SIGTERM: no new work is started. */
  readonly stopping: AbortSignal;
  /**
   * Aborts some seconds later, or at the second signal: requests in flight are abandoned. If the process does not end
   * then, the signal kills it some seconds later, or at the third signal.
   */
  readonly signal: AbortSignal;
  /** 130 or 143, once stopped. */
  exitCode(): number | undefined;
  /** Removes the signal handlers. */
  release(): void;
}

/** Milliseconds for requests in flight: `docker stop` kills after 10 s, and the report must be written before. */
export const GRACE = 7_000;
/** Milliseconds for the report after everything was abandoned. */
const LAST_WORDS = 5_000;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Catches SIGINT and SIGTERM. `grace` is the time between the two steps, in milliseconds. */
export function catchStopSignals(grace = GRACE): StopSignals {
  const soft = new AbortController();
  const hard = new AbortController();
  // every request in flight adds listeners to these signals and to those derived from them; 0 would mean the same, but
  // makes the getMaxListeners of node 20 throw, which node's own fetch calls
  setMaxListeners(Number.POSITIVE_INFINITY);
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (name: SignalName) => {
    if (hard.signal.aborted) return die(name);
    if (soft.signal.aborted) return abandon(name);
    exitCode = EXIT_CODES[name];
    soft.abort(reasonOf(name));
    timer = setTimeout(() => abandon(name), grace);
  };
  const abandon = (name: SignalName) => {
    clearTimeout(timer);
    hard.abort(reasonOf(name));
    timer = setTimeout(() => die(name), LAST_WORDS);
  };
  const die = (name: SignalName) => {
    release();
    process.kill(process.pid, name); // its handlers are removed, so even a thread that hangs cannot delay the end
    process.exit(EXIT_CODES[name]); // as PID 1 in a container, the process is not killed by a signal without a handler
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
