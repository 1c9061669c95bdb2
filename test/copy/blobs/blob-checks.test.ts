import { describe, expect, it } from 'vitest';
import { BlobChecks } from '../../../src/copy/blobs/blob-checks.ts';
import { repository } from '../../builders/manifests.ts';

const HERE = repository('p.io/p/a');
const answer = (isFound: boolean) => () => Promise.resolve(isFound);

describe('the checks of blobs', () => {
  it('are left out for small blobs of their repository, until one of them finds a blob', async () => {
    const checks = new BlobChecks();
    expect(await checks.runUnlessNone(HERE, answer(false))).toBe(false);
    expect(await checks.runUnlessNone(HERE, answer(true))).toBeUndefined();
    expect(await checks.runUnlessNone(repository('p.io/p/b'), answer(false))).toBe(false);
    expect(await checks.run(HERE, answer(true))).toBe(true);
    expect(await checks.run(HERE, answer(false))).toBe(false);
    expect(await checks.runUnlessNone(HERE, answer(false))).toBe(false);
  });

  it('wait for the first one', async () => {
    const checks = new BlobChecks();
    let end = (_isFound: boolean) => {};
    const first = checks.run(HERE, () => new Promise((resolve) => (end = resolve)));
    const second = checks.runUnlessNone(HERE, answer(true));
    end(false);
    expect(await Promise.all([first, second])).toEqual([false, undefined]);
  });

  it('show nothing if they fail', async () => {
    const checks = new BlobChecks();
    const failing = checks.run(HERE, () => Promise.reject(new Error('503')));
    const second = checks.runUnlessNone(HERE, answer(false));
    await expect(failing).rejects.toThrow('503');
    expect(await second).toBe(false);
  });
});
