import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../doubles/tools.ts';

// Where the test of a file is found: at the mirrored path, or where a header says `// Covers src/…`.

const FILES = filesBelow('src').filter((file) => file.endsWith('.ts'));
const TESTS = filesBelow('test').filter((file) => file.endsWith('.test.ts'));
/** A function or a class, also one that a constant holds. Types and plain constants need no test. */
const BEHAVIOUR =
  /^export (?:(?:async |abstract )?(?:function|class)\b|const \w+(?:: [^=\n]+)? = (?:async )?(?:\(|function|\w+ =>))/m;
const COVERED = TESTS.flatMap((test) => coveredBy(read(test)).map((file) => ({ test, file })));

it('each file that exports behaviour has a test at the mirrored path, or is named in the header of one', () => {
  const named = new Set(COVERED.map(({ file }) => file));
  const missing = FILES.filter(
    (file) => !TESTS.includes(mirrored(file)) && !named.has(file) && BEHAVIOUR.test(read(file)),
  );
  const advice = 'write the test, or add `// Covers FILE` at the top of the test that covers it';
  expect(missing, advice).toEqual([]);
});

it('headers name files that exist, have no test at their own path, and are reached by that test', () => {
  const wrong = COVERED.filter(
    ({ test, file }) => !FILES.includes(file) || TESTS.includes(mirrored(file)) || !reaches(test, file),
  );
  expect(wrong).toEqual([]);
});

function mirrored(file: string): string {
  return file.replace(/^src/, 'test').replace(/\.ts$/, '.test.ts');
}

/** The files that the comments before the first statement name. */
function coveredBy(text: string): string[] {
  const header = /^(?:\/\/.*\n|\n)*/.exec(text)?.[0] ?? '';
  return Array.from(header.matchAll(/^\/\/ Covers (\S+)$/gm), ([, file = '']) => file);
}

/** Whether a test imports a file, over any number of others, or runs the program that contains it. */
function reaches(test: string, file: string): boolean {
  const seen = new Set([test]);
  for (const from of seen) {
    if (from === 'test/doubles/run-cip.ts') seen.add('src/cli/main.ts');
    if (from === 'test/doubles/chromium.ts') seen.add('src/report/html/browser/main.ts');
    for (const imported of importsOf(from)) seen.add(imported);
  }
  return seen.has(file);
}

const IMPORTS = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  const known = IMPORTS.get(file);
  if (known !== undefined) return known;
  const found = read(file).matchAll(/(?:from |import\()'(\.[^']+\.ts)'/g);
  const imports = Array.from(found, ([, path = '']) => join(file, '..', path));
  IMPORTS.set(file, imports);
  return imports;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(repositoryRoot(), folder), { recursive: true, encoding: 'utf8' }).map((path) =>
    join(folder, path),
  );
}

function read(file: string): string {
  return readFileSync(join(repositoryRoot(), file), 'utf8');
}
