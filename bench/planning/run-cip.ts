import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PromotionReport } from '../../src/report/report.ts';
import { type Measured, measure } from '../measure.ts';

export interface CipMeasured extends Measured {
  /** Of the whole process. */
  readonly peakBytes: number;
  readonly report: PromotionReport;
}

// the bundle of this file is below node_modules
const ROOT = new URL('../../../', import.meta.url);

/** Runs the program once, as a process of its own, with a report. Throws where it could not be run at all. */
export async function runCip(
  args: readonly string[],
  { place, env = {} }: { place: string; env?: Readonly<Record<string, string>> },
): Promise<CipMeasured> {
  const reportFile = join(place, 'report.json');
  const peakFile = join(place, 'peak.txt');
  await rm(reportFile, { force: true });
  const tellPeak = pathToFileURL(fileURLToPath(new URL('bench/planning/tell-peak.js', ROOT)));
  const measured = await measure(
    {
      program: process.execPath,
      args: [
        `--import=${tellPeak.href}`,
        fileURLToPath(new URL('bin/cip.js', ROOT)),
        ...args,
        `-report=${reportFile}`,
      ],
      env: { ...env, HOME: place, BENCH_PEAK: peakFile },
    },
    place,
  );
  const text = await readFile(reportFile, 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`cip exit ${measured.exitCode}: ${measured.output}`);
  const report: PromotionReport = JSON.parse(text);
  return { ...measured, report, peakBytes: Number(await readFile(peakFile, 'utf8')) };
}
