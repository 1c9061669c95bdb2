import { assertNever, messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { decodeText } from '../../manifest/layout/decode.ts';
import { readBounded } from '../../manifest/layout/disk.ts';
import type { AttachedTable } from '../../report/attached/attached-table.ts';
import type { TestCase } from '../../report/attached/junit.ts';

import { makeTestTables } from '../../report/attached/test-tables.ts';
import type { Report } from '../../report/report.ts';
import { InputError } from '../flags/usage-error.ts';

/** Maximum bytes of one file: about 100,000 tests. */
const MAX_BYTES = 20 * 1024 * 1024;

/** Reads JUnit files, and makes the tables of a report from them; undefined without a file. Throws an `InputError`. */
export async function readAttachedResults(
  files: readonly string[],
): Promise<((report: Report) => readonly AttachedTable[]) | undefined> {
  if (files.length === 0) return undefined;
  const { parseJunit } = await import('../../report/attached/junit.ts'); // it loads an XML parser
  const tests: TestCase[] = [];
  for (const file of files) {
    const text = await readText(file);
    try {
      tests.push(...parseJunit(text));
    } catch (error) {
      throw unusable(file, messageOf(error));
    }
  }
  return (report) => makeTestTables(tests, report);
}

async function readText(file: string): Promise<string> {
  const { signal } = new AbortController();
  const bytes = await readBounded(file, { maxBytes: MAX_BYTES, links: 'follow', signal });
  switch (bytes.kind) {
    case 'ok': {
      const decoded = decodeText(bytes.value);
      if ('text' in decoded) return decoded.text;
      throw unusable(file, decoded.reason);
    }
    case 'too-large':
      throw unusable(file, `it has more than ${MAX_BYTES / 1024 / 1024} MiB: split it`);
    case 'unreadable':
      throw unusable(file, bytes.reason);
    case 'missing':
    case 'not-a-directory':
      throw unusable(file, 'no such file');
    default:
      return assertNever(bytes);
  }
}

function unusable(file: string, reason: string): InputError {
  return new InputError(`cannot use the test results ${quote(file)}: ${reason}`);
}
