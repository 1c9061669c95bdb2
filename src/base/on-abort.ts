interface SharedListener {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const shared = new WeakMap<AbortSignal, SharedListener>();

/**
 * Calls `callback` when a signal aborts, unless `offAbort` removes it before. All callbacks of a signal share one listener:
 * hundreds of requests wait for the same signal, and Node takes longer to add or remove a listener the more there are.
 */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  const known = shared.get(signal);
  if (known !== undefined) {
    known.callbacks.add(callback);
    return;
  }
  const callbacks = new Set([callback]);
  const listener = () => {
    for (const call of callbacks) call();
  };
  shared.set(signal, { callbacks, listener });
  signal.addEventListener('abort', listener);
}

/** Removes a callback of `onAbort`, if the signal has it. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const known = shared.get(signal);
  if (known === undefined || !known.callbacks.delete(callback) || known.callbacks.size > 0) return;
  shared.delete(signal); // Node keeps a combined signal in memory while it has a listener
  signal.removeEventListener('abort', known.listener);
}
