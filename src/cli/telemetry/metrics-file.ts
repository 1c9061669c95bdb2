import { open } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { InputError } from '../flags/usage-error.ts';
import { type ReportTarget, resolveTarget } from '../output/report-target.ts';
import type { Stdio } from '../output/stdio.ts';
import { ReportError, writePieces } from '../output/write-report.ts';
import { renderExposition } from './exposition.ts';
import type { Sink } from './run-observer.ts';

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
  try {
    const beginning = await readBeginning(target.path);
    return beginning === '' || beginning === OURS ? target : { obstacle: OTHER_FILE };
  } catch (error) {
    return { obstacle: messageOf(error) };
  }
}

/** The first characters of metrics of cip. */
const OURS = '# HELP cip_';
const OTHER_FILE = 'the file exists and does not hold metrics of cip';

async function readBeginning(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(OURS.length), 0, OURS.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function describe(path: string, why: string): string {
  return `cannot write the metrics ${quote(path)}: ${why}`;
}
