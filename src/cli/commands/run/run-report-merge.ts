import { open } from 'node:fs/promises';
import { forEachConcurrently } from '../../../base/concurrency.ts';
import { messageOf } from '../../../base/errors.ts';
import { quote } from '../../../base/text.ts';
import type { Named } from '../../../report/check-shards.ts';
import { isJournal } from '../../../report/journal.ts';
import { mergeReports } from '../../../report/merge-reports.ts';
import { makeVulnerabilityTables } from '../../../report/attached/vulnerability-tables.ts';
import { parseReport } from '../../../report/parse-report.ts';
import type { Report } from '../../../report/report.ts';
import type { ReportFiles } from '../../flags/options/promotion-options.ts';
import type { LogOptions } from '../../flags/options/run-options.ts';
import { InputError, UsageError } from '../../flags/usage-error.ts';
import { concludeRun } from '../../output/conclude-run.ts';
import { createLogger } from '../../output/logger.ts';
import { prepareReports } from '../../output/write-report.ts';
import type { ProcessContext } from '../command.ts';

/** Maximum bytes of one report: JSON.parse needs a single string of node. About 800,000 items. */
const MAX_REPORT_BYTES = 500 * 1024 * 1024;

/** A request to merge reports. */
export interface MergeOptions extends ReportFiles {
  /** At least one. */
  readonly files: readonly string[];
  readonly allowLost: boolean;
  readonly log: LogOptions;
}

/** `cip report merge`: one report of the reports of all shards. Resolves to the exit code of such a run. */
export async function runReportMerge(options: MergeOptions, context: ProcessContext): Promise<number> {
  const { files } = options;
  const log = createLogger(context.stdio, options.log, Date.now);
  const places = await prepareReports(options, { files });
  const reports = await readReports(files);
  if (
    options.allowLost &&
    reports.some(({ report: { mode } }) => mode === 'verify' || mode === 'audit' || mode === 'sigcheck')
  ) {
    throw new UsageError('-allow-lost is not allowed with reports of cip verify, cip audit and cip sigcheck');
  }
  const merged = mergeAll(reports);
  const tables = makeVulnerabilityTables(merged);
  return await concludeRun(merged, {
    ...context,
    options,
    places: { ...places, attached: (report) => [...(places.attached?.(report) ?? []), ...tables] },
    log,
    isOpeningPrinted: false,
    areMalformedLogged: false,
  });
}

/** The journal of a run without shards is a complete report. */
function mergeAll(reports: readonly ReadReport[]): Report {
  const [only, ...others] = reports;
  const isOneRun =
    only !== undefined && others.length === 0 && only.isJournal && only.report.shard === undefined;
  return isOneRun ? only.report : mergeReports(reports);
}

interface ReadReport extends Named<Report> {
  /** The journal of a killed run, which may be read alone. */
  readonly isJournal: boolean;
}

/** One after the other: the text of one report is enough in memory. */
async function readReports(files: readonly string[]): Promise<ReadReport[]> {
  const reports: ReadReport[] = [];
  const { signal } = new AbortController();
  await forEachConcurrently(files, { workers: 1, signal }, async (name) => {
    reports.push(await readReport(name));
  });
  return reports;
}

async function readReport(name: string): Promise<ReadReport> {
  try {
    const text = await readText(name);
    return { name, report: parseReport(text), isJournal: isJournal(text) };
  } catch (error) {
    throw new InputError(`cannot use the report ${quote(name)}: ${messageOf(error)}`);
  }
}

async function readText(name: string): Promise<string> {
  const file = await open(name);
  try {
    const { size } = await file.stat();
    if (size > MAX_REPORT_BYTES)
      throw new Error(`it has ${size} bytes, more than ${MAX_REPORT_BYTES}: use more shards`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
