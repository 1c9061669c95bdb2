import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { expect, it } from 'vitest';
import { unifiedDiff } from '../../src/base/unified-diff.ts';
import { runGit } from '../builders/git-repository.ts';
import { runs } from '../builders/property-runs.ts';
import { testdir } from '../builders/testdir.ts';

it('shows added and changed lines with three lines around them', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `${index}\n`);
  const after = lines.toSpliced(4, 1, '4!\n').toSpliced(15, 0, 'new\n');
  expect(unifiedDiff('d/f', lines.join(''), after.join(''))).toBe(
    [
      '--- a/d/f',
      '+++ b/d/f',
      '@@ -2,7 +2,7 @@',
      ' 1',
      ' 2',
      ' 3',
      '-4',
      '+4!',
      ' 5',
      ' 6',
      ' 7',
      '@@ -13,6 +13,7 @@',
      ' 12',
      ' 13',
      ' 14',
      '+new',
      ' 15',
      ' 16',
      ' 17',
      '',
    ].join('\n'),
  );
});

it('shows a moved line twice, and no other', () => {
  const lines = Array.from({ length: 40 }, (_, index) => [`${index}\n`, '  same:\n']).flat();
  const after = [...lines.slice(1), lines[0] ?? ''];
  const diff = unifiedDiff('f', lines.join(''), after.join(''));
  expect(diff.match(/^[+-](?!--|\+\+).*$/gm)).toEqual(['-0', '+0']);
});

it('is empty for equal texts', () => expect(unifiedDiff('f', 'a\n', 'a\n')).toBe(''));

it('is applied by git, whatever the texts', async () => {
  const text = array(constantFrom('a\n', 'b\n', 'c\n', 'd', '\n'), { maxLength: 12 }).map((lines) =>
    lines.join(''),
  );
  const directory = await testdir({});
  await assert(
    asyncProperty(text, text, async (before, after) => {
      const diff = unifiedDiff('f', before, after);
      if (diff === '' || before === '' || after === '') return; // git takes an empty file for a missing one
      writeFileSync(join(directory, 'f'), before);
      writeFileSync(join(directory, 'diff'), diff);
      runGit(directory, ['apply', '--unidiff-zero', 'diff']);
      expect(readFileSync(join(directory, 'f'), 'utf8')).toBe(after);
    }),
    runs({ seed: 17, numRuns: 40 }),
  );
});
