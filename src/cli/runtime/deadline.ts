import { GRACE, type StopSignals } from './stop-signals.ts';

/** Calls back once after so many milliseconds, unless it is stopped by what it gives back. */
type StartTimer = (milliseconds: number, act: () => void) => () => void;

/** Milliseconds that a timer can have: a run that may take longer will not. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Stops a run when its time is over as a signal would, in the same two steps; a signal after that ends it at once.
 * Without milliseconds there is no deadline. The time begins now.
 */
export function withDeadline(
  stop: StopSignals,
  milliseconds: number | undefined,
  startTimer: StartTimer = startSystemTimer,
): StopSignals {
  if (milliseconds === undefined) return stop;
  const soft = new AbortController();
  const hard = new AbortController();
  const reason = new DeadlineError();
  let stopTimer = startTimer(Math.min(milliseconds, LONGEST_TIMER), () => {
    if (stop.stopping.aborted) return; // a signal was first
    soft.abort(reason);
    stopTimer = startTimer(GRACE, () => hard.abort(reason));
    stop.stopping.addEventListener('abort', () => hard.abort(stop.stopping.reason));
  });
  return {
    stopping: AbortSignal.any([stop.stopping, soft.signal]),
    signal: AbortSignal.any([stop.signal, hard.signal]),
    exitCode: () => stop.exitCode(),
    release: () => {
      stopTimer();
      stop.release();
    },
  };
}

/** Why a run was stopped that has taken too long. */
export class DeadlineError extends DOMException {
  constructor() {
    super('the deadline has passed', 'AbortError');
  }
}

function startSystemTimer(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
}
