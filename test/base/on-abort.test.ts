import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { offAbort, onAbort } from '../../src/base/on-abort.ts';

describe('onAbort', () => {
  it('calls every callback of a signal once, in order', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    onAbort(signal, () => called.push('first'));
    onAbort(signal, () => called.push('second'));
    abort();
    abort();
    expect(called).toEqual(['first', 'second']);
  });

  it('calls no callback that was removed, not even by another callback', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    const gone = () => called.push('gone');
    const late = () => called.push('late');
    onAbort(signal, gone);
    onAbort(signal, () => offAbort(signal, late));
    onAbort(signal, late);
    offAbort(signal, gone);
    abort();
    expect(called).toEqual([]);
  });

  it('adds one listener for all callbacks of a signal, and removes it with the last', () => {
    const { signal } = controller();
    const callbacks = Array.from({ length: 100 }, () => () => {});
    for (const callback of callbacks) onAbort(signal, callback);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const callback of callbacks) offAbort(signal, callback);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('calls a callback that is added again after the last one was removed', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    const callback = () => called.push('callback');
    onAbort(signal, callback);
    offAbort(signal, callback);
    onAbort(signal, callback);
    abort();
    expect(called).toEqual(['callback']);
  });

  it('ignores the removal of a callback that was never added', () => {
    const { signal } = controller();
    offAbort(signal, () => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

function controller() {
  const stop = new AbortController();
  return { signal: stop.signal, abort: () => stop.abort() };
}
