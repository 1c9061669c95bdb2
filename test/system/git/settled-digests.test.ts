// Covers src/workflows/changes/settled-digests.ts
import { expect, it } from 'vitest';
import { createGitHistory } from '../../../src/adapters/git/history.ts';
import { settledDigests } from '../../../src/workflows/changes/settled-digests.ts';
import { digest } from '../../builders/manifests.ts';
import { GIT_ENV, gitRepository } from '../../builders/git-repository.ts';
import { testdir } from '../../builders/testdir.ts';
import { thinFiles } from '../../system/staging.ts';

const [A, B] = [digest('a'), digest('b')];
const HOUR = 3_600_000;
const signal = new AbortController().signal;

async function settled(directory: string, age: number) {
  const where = { kind: 'thin', directory } as const;
  const history = createGitHistory(where, GIT_ENV);
  const digests = await settledDigests(where, { history, age }, signal);
  return 'unknown' in digests ? digests : Array.from(digests).toSorted();
}

it('has the digests that the manifests of the branch had that long ago', async () => {
  const { commit, directory } = await gitRepository();
  const files = (...digests: readonly string[]) =>
    thinFiles({
      x: {
        from: 's.io/s',
        to: ['p.io/p'],
        images: { app: Object.fromEntries(digests.map((one) => [one, []])) },
      },
    });
  commit(files(A), new Date(Date.now() - 100 * HOUR).toISOString());
  commit(files(A, B), new Date(Date.now() - 10 * HOUR).toISOString());
  expect(await settled(directory, 72 * HOUR)).toEqual([A]);
  expect(await settled(directory, HOUR)).toEqual([A, B]);
  expect(await settled(directory, 200 * HOUR)).toEqual([]);
});

it('says why there is no history', async () => {
  expect(await settled(await testdir({}), HOUR)).toEqual({
    unknown: expect.stringContaining('git repository'),
  });
});
