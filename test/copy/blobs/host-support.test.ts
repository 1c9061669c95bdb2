import { describe, expect, it } from 'vitest';
import { HostSupport } from '../../../src/copy/blobs/host-support.ts';

/** Ten mounts at once on one host: what each of them got, and how many were under way at a time. */
async function tenMounts(honoured: (number: number) => boolean) {
  const support = new HostSupport(3);
  let asked = 0;
  let running = 0;
  let peak = 0;
  const mount = async () => {
    asked += 1;
    running += 1;
    peak = Math.max(peak, running);
    const answer = asked;
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return { honoured: honoured(answer), answer };
  };
  const answers = await Promise.all(Array.from({ length: 10 }, () => support.attempt('p.io', mount)));
  return { support, mount, answers, asked, peak };
}

describe('mounts on a host', () => {
  it('are asked for all at once when the first was honoured', async () => {
    const { asked, peak } = await tenMounts(() => true);
    expect({ asked, peak }).toEqual({ asked: 10, peak: 9 });
  });

  it('are asked for one at a time while none was, and no more after the third', async () => {
    const { answers, asked, peak } = await tenMounts(() => false);
    expect({ asked, peak }).toEqual({ asked: 3, peak: 1 });
    expect(answers).toEqual([1, 2, 3, ...Array.from({ length: 7 }, () => undefined)]);
  });

  it('are asked for still where one was honoured, whatever the others were', async () => {
    const { support, mount, asked } = await tenMounts((number) => number === 2);
    expect(asked).toBe(10);
    expect(await support.attempt('p.io', mount)).toBe(11);
  });

  it('tell nothing of another host', async () => {
    const { support, mount } = await tenMounts(() => false);
    expect(await support.attempt('q.io', mount)).toBe(4);
    expect(await support.attempt('p.io', mount)).toBeUndefined();
  });

  it('let the next one have its turn after one that failed', async () => {
    const support = new HostSupport(3);
    const fail = async () => {
      throw new Error('no');
    };
    const failing = support.attempt('p.io', fail);
    const next = support.attempt('p.io', async () => ({ honoured: true, answer: 'mounted' }));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('mounted');
  });
});
