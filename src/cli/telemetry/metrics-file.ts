import { readFile } from 'node:fs/promises';
import { quote } from '../../base/text.ts';
import { InputError } from '../flags/usage-error.ts';
import { type ReportTarget, resolveTarget } from '../output/report-target.ts';
import type { Stdio } from '../output/stdio.ts';
import { ReportError, writePieces } from '../output/write-report.ts';
import { renderExposition } from './exposition.ts';
import type { Sink } from './observed-run.ts';

/**
 * Writes the metrics to a file at the end of the run, as a whole or not at all: node_exporter may read it at any time.
 * Throws an `InputError` for a path that cannot be written, or has a file that is not of metrics.
 */
export async function openMetricsFile(path: string, stdio: Stdio): Promise<Sink> {
  const found = await findTarget(path);
  if ('obstacle' in found) throw new InputError(describe(path, found.obstacle));
  return {
    close: async (run) => {
      const target = await findTarget(path); // the run may have written another file there
      if ('obstacle' in target) throw new ReportError('unwritable', describe(path, target.obstacle));
      await writePieces(target, () => [renderExposition(run)], { stdio, subject: 'metrics' });
    },
  };
}

async function findTarget(path: string): Promise<ReportTarget | { readonly obstacle: string }> {
  const target = await resolveTarget(path);
  if ('obstacle' in target || target.kind !== 'file' || target.old === undefined) return target;
  const text = await readFile(target.path, 'utf8').catch(() => ''); // whoever may not read it may replace it
  return text === '' || text.startsWith('# HELP cip_')
    ? target
    : { obstacle: 'the file exists and does not hold metrics of cip' };
}

function describe(path: string, why: string): string {
  return `cannot write the metrics ${quote(path)}: ${why}`;
}
