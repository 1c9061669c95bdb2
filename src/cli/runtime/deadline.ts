import { GRACE, type StopSignals } from './stop-signals.ts';

/** Calls `act` once after some milliseconds. The returned function cancels the timer. */
type StartTimer = (milliseconds: number, act: () => void) => () => void;

/** Maximum milliseconds of a timer. A longer deadline is shortened to it. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Stops a run at its deadline as a signal would, in the same two steps; a signal after that ends it at once.
 * Undefined milliseconds mean no deadline. The time begins now.
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
    if (stop.stopping.aborted) return; // a signal came first
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

/** The reason of a run that was stopped at its deadline. */
export class DeadlineError extends DOMException {
  constructor() {
    super('the deadline has passed', 'AbortError');
  }
}

function startSystemTimer(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
}
