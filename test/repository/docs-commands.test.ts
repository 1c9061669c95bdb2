import { expect, it } from 'vitest';
import { shellBlocks } from './shell-blocks.ts';

const BLOCKS = shellBlocks();

it('each shell block of README.md and docs/ runs in a test, or says why it does not', () => {
  const unmarked = BLOCKS.filter(
    ({ run, marker }) => run === undefined && !/^<!-- does not run: \S.* -->$/.test(marker),
  );
  const advice = 'write <!-- runs --> or <!-- does not run: REASON --> in the line above the block';
  expect(
    unmarked.map(({ at }) => at),
    advice,
  ).toEqual([]);
});

it('a block that is to fail is one command, so that no other command fails in its place', () => {
  const failing = BLOCKS.filter(({ run }) => run !== undefined && run.exitCode !== 0);
  expect(failing).not.toEqual([]);
  const longer = failing.filter(({ text }) => text.trim().includes('\n'));
  expect(longer.map(({ at }) => at)).toEqual([]);
});
