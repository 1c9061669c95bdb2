// Covers src/base/circuit.ts
import { describe, expect, it } from 'vitest';
import { SigningLimiter } from '../../../../src/adapters/sigstore/sign/signing-limiter.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';

const { signal } = new AbortController();
const DOWN = new Error('rekor: no answer within 120000 ms');

/** A limiter, and signatures that take some seconds each. */
function scene() {
  const clock = new FakeClock();
  const stop = new AbortController();
  const limiter = new SigningLimiter({ clock, stopping: stop.signal });
  const state = { fails: true, tried: 0 };
  const sign = (seconds = 20) =>
    limiter.run(async () => {
      state.tried += 1;
      clock.advance(seconds * 1000);
      if (state.fails) throw DOWN;
      return 'signed';
    }, signal);
  const failOften = async (times: number) => {
    for (let time = 0; time < times; time += 1) await expect(sign()).rejects.toBe(DOWN);
  };
  return { clock, stop, state, limiter, sign, failOften };
}

describe('while every signature fails', () => {
  it('further ones fail at once with the same error', async () => {
    const { state, failOften } = scene();
    await failOften(1000);
    expect(state.tried).toBe(5);
  });

  it('a probe is made from time to time, and its success ends the refusals', async () => {
    const { clock, state, sign, failOften } = scene();
    await failOften(6);
    clock.advance(10_000);
    await failOften(2);
    expect(state.tried).toBe(6);
    state.fails = false;
    clock.advance(10_000);
    expect([await sign(), await sign()]).toEqual(['signed', 'signed']);
  });

  it('each is tried for the first minute', async () => {
    const { state, sign } = scene();
    for (let time = 0; time < 50; time += 1) await expect(sign(0)).rejects.toBe(DOWN);
    expect(state.tried).toBe(50);
  });

  it('waiting ones are not tried', async () => {
    const { clock, state, limiter } = scene();
    let end = () => {};
    const hanging = new Promise<void>((resolve) => (end = resolve));
    const all = Array.from({ length: 1000 }, () =>
      limiter.run(async () => {
        state.tried += 1;
        await hanging;
        throw DOWN;
      }, signal),
    );
    const settled = Promise.allSettled(all);
    await new Promise(setImmediate);
    expect(state.tried).toBe(16);
    clock.advance(120_000);
    end();
    const reasons = (await settled).map((one) => (one.status === 'rejected' ? one.reason : one.status));
    expect(new Set(reasons)).toEqual(new Set([DOWN]));
    expect(state.tried).toBe(16);
  });
});

it('a stop ends waiting signatures', async () => {
  const { state, stop, sign } = scene();
  state.fails = false;
  stop.abort();
  await expect(sign()).rejects.toBe(stop.signal.reason);
  expect(state.tried).toBe(0);
});
