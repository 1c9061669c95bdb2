import { expect, it, onTestFinished } from 'vitest';
import { catchWarnings } from '../../../src/cli/runtime/run-scope.ts';
import { until } from '../../adapters/oci/client.ts';

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
