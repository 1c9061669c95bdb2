import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { offAbort, onAbort } from '../../src/base/on-abort.ts';

describe('onAbort', () => {
  it('calls every act of a signal once, in their order', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    onAbort(signal, () => called.push('first'));
    onAbort(signal, () => called.push('second'));
    abort();
    abort();
    expect(called).toEqual(['first', 'second']);
  });

  it('calls no act that was taken back, not even by another act', () => {
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

  it('adds one listener for all acts of a signal, and removes it with the last', () => {
    const { signal } = controller();
    const acts = Array.from({ length: 100 }, () => () => {});
    for (const act of acts) onAbort(signal, act);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const act of acts) offAbort(signal, act);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('calls acts that are added again after the last one was taken back', () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    const act = () => called.push('act');
    onAbort(signal, act);
    offAbort(signal, act);
    onAbort(signal, act);
    abort();
    expect(called).toEqual(['act']);
  });

  it('ignores an act that is taken back twice or was never added', () => {
    const { signal } = controller();
    offAbort(signal, () => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

function controller() {
  const stop = new AbortController();
  return { signal: stop.signal, abort: () => stop.abort() };
}
