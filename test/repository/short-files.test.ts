import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../doubles/tools.ts';

const FEWEST_LINES = 25;
const SRC = join(repositoryRoot(), 'src');

it('a file of fewer than 25 lines has a reason in src/README.md, and no other file is listed there', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const short = files.filter((file) => linesOf(join(SRC, file)) < FEWEST_LINES);
  const advice = 'merge it into the file whose subject it shares, or add it to the list with its reason';
  expect(listed(), advice).toEqual(short.toSorted());
});

/** The files in the first column of the list. */
function listed(): string[] {
  const text = readFileSync(join(SRC, 'README.md'), 'utf8');
  const [, section = ''] = /^## Files that are short on purpose\n([^#]*)/m.exec(text) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows
    .flatMap((row) => Array.from((row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g), ([, file = '']) => file))
    .toSorted();
}

function linesOf(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length - 1;
}
