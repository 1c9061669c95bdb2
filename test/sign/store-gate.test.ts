import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { StoreGate } from '../../src/sign/store-gate.ts';

const REFUSED = new RegistryError('unauthorized', 'PUT https://a.example/v2/app/manifests/x: 403', {
  status: 403,
});
const KEY = 'a.example/app referrers';

/** The results of `count` signatures that begin at once, and the number of those that were made. */
async function runAll(gate: StoreGate, count: number, store: (number: number) => Promise<void>, key = KEY) {
  let made = 0;
  const all = Array.from({ length: count }, () => gate.run(key, () => store((made += 1))));
  const results = await Promise.allSettled(all);
  return { made, failed: results.filter(({ status }) => status === 'rejected').length };
}

const refuse = () => Promise.reject(REFUSED);

describe('a repository that refuses to store signatures', () => {
  it('ends the making of more, with its refusal', async () => {
    const gate = new StoreGate();
    expect(await runAll(gate, 1000, refuse)).toEqual({ made: 5, failed: 1000 });
    await expect(gate.run(KEY, () => Promise.resolve())).rejects.toBe(REFUSED);
  });

  it('does not end that for others', async () => {
    const gate = new StoreGate();
    await runAll(gate, 10, refuse);
    const others = await runAll(gate, 10, () => Promise.resolve(), 'b.example/app referrers');
    expect(others).toEqual({ made: 10, failed: 0 });
  });

  it('after it has stored some ends it as well', async () => {
    const gate = new StoreGate();
    await runAll(gate, 3, () => Promise.resolve());
    for (let time = 0; time < 3; time += 1) await runAll(gate, 1, refuse);
    expect(await runAll(gate, 10, refuse)).toEqual({ made: 0, failed: 10 });
  });
});

describe('a failure of one image alone does not end the others:', () => {
  it('a refusal among signatures that are stored', async () => {
    const store = (number: number) => (number % 3 === 0 ? refuse() : Promise.resolve());
    expect(await runAll(new StoreGate(), 30, store)).toEqual({ made: 30, failed: 10 });
  });

  it.each([
    ['a tag that others write', new RegistryError('moved', 'others write it')],
    ['a signature that is not made', new Error('rekor: 503')],
  ])('%s', async (_what, error) => {
    expect(await runAll(new StoreGate(), 30, () => Promise.reject(error))).toEqual({ made: 30, failed: 30 });
  });
});
