interface Waiting {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `act` when a signal is aborted, until `offAbort`. All acts of a signal share one listener: hundreds of requests
 * wait for the same signal, and the time that node takes to add or remove a listener grows with their number.
 */
export function onAbort(signal: AbortSignal, act: () => void): void {
  const known = waiting.get(signal);
  if (known !== undefined) {
    known.acts.add(act);
    return;
  }
  const acts = new Set([act]);
  const listener = () => {
    for (const one of acts) one();
  };
  waiting.set(signal, { acts, listener });
  signal.addEventListener('abort', listener);
}

export function offAbort(signal: AbortSignal, act: () => void): void {
  const known = waiting.get(signal);
  if (known === undefined || !known.acts.delete(act) || known.acts.size > 0) return;
  waiting.delete(signal); // node keeps a combined signal in memory while it has a listener
  signal.removeEventListener('abort', known.listener);
}
