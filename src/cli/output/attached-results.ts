import { messageOf } from '../../base/errors.ts';
import type { AttachedTable } from '../../report/attached/attached-table.ts';
import type { TestCase } from '../../report/attached/junit.ts';
import { makeTestTables } from '../../report/attached/test-tables.ts';
import type { Report } from '../../report/report.ts';
import { readInput, unusableInput } from '../runtime/read-input.ts';

/** Maximum bytes of one file: about 100,000 tests. */
const MAX_BYTES = 20 * 1024 * 1024;
const NOUN = 'the test results';

/** Reads JUnit files, and makes the tables of a report from them; undefined without a file. Throws an `InputError`. */
export async function readAttachedResults(
  files: readonly string[],
): Promise<((report: Report) => readonly AttachedTable[]) | undefined> {
  if (files.length === 0) return undefined;
  const { parseJunit } = await import('../../report/attached/junit.ts'); // it loads an XML parser
  const { signal } = new AbortController();
  const tests: TestCase[] = [];
  for (const file of files) {
    const text = await readInput(file, { noun: NOUN, maxBytes: MAX_BYTES, signal });
    try {
      tests.push(...parseJunit(text));
    } catch (error) {
      throw unusableInput(file, NOUN, messageOf(error));
    }
  }
  return (report) => makeTestTables(tests, report);
}
