import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeadlineError, withDeadline } from '../../../src/cli/runtime/deadline.ts';
import { GRACE, type StopSignals } from '../../../src/cli/runtime/stop-signals.ts';
import { repositoryRoot } from '../../doubles/tools.ts';

/** Signals that a test gives, and timers that it lets end. */
function stage(deadline: number | undefined) {
  const soft = new AbortController();
  const hard = new AbortController();
  let released = false;
  const signals: StopSignals = {
    stopping: soft.signal,
    signal: hard.signal,
    exitCode: () => (soft.signal.aborted ? 143 : undefined),
    release: () => {
      released = true;
    },
  };
  const timers: { readonly milliseconds: number; readonly act: () => void }[] = [];
  const stop = withDeadline(signals, deadline, (milliseconds, act) => {
    const timer = { milliseconds, act };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), 1);
  });
  const pass = () => timers.shift()?.act();
  return { soft, hard, stop, timers, pass, isReleased: () => released };
}

it('the documentation says how much longer than its deadline a promotion may take', () => {
  const quotas = readFileSync(join(repositoryRoot(), 'docs', 'quotas.md'), 'utf8');
  expect(quotas).toContain(`writes in flight get ${GRACE / 1000} s more`);
});

describe('a deadline', () => {
  it('stops a run in two steps: no new work is started, then requests in flight are abandoned', () => {
    const { stop, timers, pass } = stage(5000);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([5000]);
    pass();
    expect(stop.stopping.reason).toBeInstanceOf(DeadlineError);
    expect(stop.signal.aborted).toBe(false);
    expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([GRACE]);
    pass();
    expect(stop.signal.reason).toBeInstanceOf(DeadlineError);
    expect(stop.exitCode()).toBeUndefined();
  });

  it('lets a later signal end requests in flight at once', () => {
    const { stop, soft, pass } = stage(5000);
    pass();
    soft.abort(new Error('SIGTERM'));
    expect(stop.signal.aborted).toBe(true);
    expect(stop.exitCode()).toBe(143);
  });

  it('changes nothing after a signal', () => {
    const { stop, soft, timers, pass } = stage(5000);
    soft.abort(new Error('SIGTERM'));
    pass();
    expect(timers).toEqual([]);
    expect(stop.stopping.reason).toMatchObject({ message: 'SIGTERM' });
    expect(stop.signal.aborted).toBe(false);
  });

  it('hands the signals on, and lets go of everything in the end', () => {
    const { stop, hard, timers, isReleased } = stage(5000);
    hard.abort(new Error('SIGINT'));
    expect(stop.signal.reason).toMatchObject({ message: 'SIGINT' });
    stop.release();
    expect({ timers, released: isReleased() }).toEqual({ timers: [], released: true });
  });

  it('of months is as far away as a timer can be, not at hand', () => {
    expect(stage(10 ** 12).timers.map(({ milliseconds }) => milliseconds)).toEqual([2 ** 31 - 1]);
  });

  it('need not be', () => {
    expect(stage(undefined).timers).toEqual([]);
  });
});
