import { readFile, stat } from 'node:fs/promises';
import { forEachConcurrently } from '../base/concurrency.ts';
import { messageOf } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { MergeError, type NamedReport } from '../report/check-shards.ts';
import { exitCodeOf } from '../report/exit-code.ts';
import { mergeReports } from '../report/merge-reports.ts';
import { parseReport } from '../report/parse-report.ts';
import type { Report } from '../report/report.ts';
import type { CommandCall } from './command.ts';
import { createLogger } from './logger.ts';
import { FlagValues } from './flag-values.ts';
import { reportsOf } from './options.ts';
import { refuseRepeated } from './refuse-flags.ts';
import { type LogOptions, logOptionsOf } from './run-options.ts';
import { tellReport } from './tell-report.ts';
import { exitCodeOfError, InputError, UsageError } from './usage-error.ts';
import { prepareReports, writeReports } from './write-report.ts';

/** Bytes of one report: what a string of node can hold, of which JSON.parse needs one. About 800,000 items. */
const MAX_REPORT_BYTES = 500 * 1024 * 1024;

/** `cip report merge`: the reports of shards become the one of the whole. Resolves to the exit code of such a run. */
export async function runReportMerge(call: CommandCall): Promise<number> {
  const { values, operands: files, stdio, program } = call;
  const options = makeMergeOptions(values);
  const log = createLogger(stdio, options.log, Date.now);
  try {
    if (files.length === 0) throw noReport(program);
    const places = await prepareReports(options, { files });
    const report = mergeAll(await readReports(files));
    await tellReport(report, { format: options.log.format, allowLost: options.allowLost, stdio, log });
    await writeReports(report, places, stdio);
    return report.stopped ? 1 : exitCodeOf(report, options);
  } catch (error) {
    if (options.log.format === 'text') throw error;
    log.write('error', messageOf(error)); // a collector of JSON takes no other line
    return exitCodeOfError(error);
  }
}

function noReport(program: CommandCall['program']): UsageError {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  return new UsageError(`no report given: ${call} report merge 0.json 1.json …`);
}

interface MergeOptions {
  readonly report: string | undefined;
  readonly reportMarkdown: string | undefined;
  readonly allowLost: boolean;
  readonly log: LogOptions;
}

function makeMergeOptions(values: CommandCall['values']): MergeOptions {
  refuseRepeated(values);
  const flags = new FlagValues(values);
  return { ...reportsOf(flags), allowLost: flags.isOn('allow-lost'), log: logOptionsOf(flags) };
}

function mergeAll(reports: readonly NamedReport[]): Report {
  try {
    return mergeReports(reports);
  } catch (error) {
    throw error instanceof MergeError ? new InputError(error.message) : error;
  }
}

/** One after the other: the text of one report is enough to have in memory. */
async function readReports(files: readonly string[]): Promise<NamedReport[]> {
  const reports: NamedReport[] = [];
  const { signal } = new AbortController();
  await forEachConcurrently(files, { workers: 1, signal }, async (name) => {
    reports.push({ name, report: await readReport(name) });
  });
  return reports;
}

async function readReport(file: string): Promise<Report> {
  try {
    const { size } = await stat(file);
    if (size > MAX_REPORT_BYTES)
      throw new Error(`it has ${size} bytes, more than ${MAX_REPORT_BYTES}: use more shards`);
    return parseReport(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InputError(`cannot use the report ${quote(file)}: ${messageOf(error)}`);
  }
}
