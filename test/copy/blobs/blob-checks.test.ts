import { describe, expect, it } from 'vitest';
import { BlobChecks } from '../../../src/copy/blobs/blob-checks.ts';
import { repository } from '../../builders/manifests.ts';

const HERE = repository('p.io/p/a');
const answer = (isFound: boolean) => () => Promise.resolve(isFound);

describe('HEAD requests for blobs', () => {
  it('are not sent for small blobs of a repository until one of them finds a blob', async () => {
    const checks = new BlobChecks();
    expect(await checks.runIfWorthwhile(HERE, answer(false))).toBe(false);
    expect(await checks.runIfWorthwhile(HERE, answer(true))).toBeUndefined();
    expect(await checks.runIfWorthwhile(repository('p.io/p/b'), answer(false))).toBe(false);
    expect(await checks.run(HERE, answer(true))).toBe(true);
    expect(await checks.run(HERE, answer(false))).toBe(false);
    expect(await checks.runIfWorthwhile(HERE, answer(false))).toBe(false);
  });

  it('of small blobs wait for the first one', async () => {
    const checks = new BlobChecks();
    let end = (_isFound: boolean) => {};
    const first = checks.run(HERE, () => new Promise((resolve) => (end = resolve)));
    const second = checks.runIfWorthwhile(HERE, answer(true));
    end(false);
    expect(await Promise.all([first, second])).toEqual([false, undefined]);
  });

  it('that fail are no result', async () => {
    const checks = new BlobChecks();
    const failing = checks.run(HERE, () => Promise.reject(new Error('503')));
    const second = checks.runIfWorthwhile(HERE, answer(false));
    await expect(failing).rejects.toThrow('503');
    expect(await second).toBe(false);
  });
});
