import { setMaxListeners } from 'node:events';

/** How a run is stopped from outside, in two steps. */
export interface StopSignals {
  /** Aborts at the first SIGINT or SIGTERM: nothing new is begun. */
  readonly stopping: AbortSignal;
  /** Aborts some seconds later, or at the second one: what is in flight is abandoned. */
  readonly signal: AbortSignal;
  /** 130 or 143, once stopped. */
  exitCode(): number | undefined;
  /** Gives the signals back. */
  release(): void;
}

/** Milliseconds that requests in flight have to finish; with writing the report it stays below 20 s. */
export const GRACE = 12_000;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export function catchStopSignals(): StopSignals {
  const soft = new AbortController();
  const hard = new AbortController();
  setMaxListeners(0); // every request in flight listens to these signals, and to those that are made of them
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (name: keyof typeof EXIT_CODES) => {
    const reason = new DOMException(`stopped by ${name}`, 'AbortError');
    if (soft.signal.aborted) return hard.abort(reason);
    exitCode = EXIT_CODES[name];
    soft.abort(reason);
    timer = setTimeout(() => hard.abort(reason), GRACE);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    stopping: soft.signal,
    signal: hard.signal,
    exitCode: () => exitCode,
    release: () => {
      clearTimeout(timer);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
