import { describe, expect, it, onTestFinished } from 'vitest';
import { catchWarnings, spoolDirectory } from '../../../src/cli/runtime/run-scope.ts';
import { until } from '../../adapters/oci/client.ts';

describe('the directory of large temporary files', () => {
  it('is what TMPDIR says', () => {
    expect(spoolDirectory({ TMPDIR: '/big' })).toBe('/big');
  });

  it('is the usual one where TMPDIR is empty, as where it is not set', () => {
    expect(spoolDirectory({ TMPDIR: '' })).toBe(spoolDirectory({}));
    expect(spoolDirectory({})).toMatch(/tmp$/i);
  });
});

it("node's warnings become lines of the log, and of nothing else", async () => {
  const printers = process.listeners('warning');
  const lines: unknown[] = [];
  const release = catchWarnings({ write: (...line) => lines.push(line) });
  onTestFinished(release);
  expect(process.listenerCount('warning')).toBe(1); // not the one that prints
  process.emitWarning('odd\nthing', 'OddWarning');
  process.emitWarning('nobody there', 'MetadataLookupWarning');
  await until(() => lines.length === 2);
  expect(lines).toEqual([
    ['warning', 'node warns', { name: 'OddWarning', text: 'odd thing' }],
    ['debug', 'node warns', { name: 'MetadataLookupWarning', text: 'nobody there' }],
  ]);
  release();
  expect(process.listeners('warning')).toEqual(printers);
});
