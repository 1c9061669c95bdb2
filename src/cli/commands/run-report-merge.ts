import { open } from 'node:fs/promises';
import { forEachConcurrently } from '../../base/concurrency.ts';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { Log } from '../../ports/log.ts';
import type { Named } from '../../report/check-shards.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import { mergeReports } from '../../report/merge-reports.ts';
import { asReport } from '../../report/parse-report.ts';
import type { Report } from '../../report/report.ts';
import { parseDocument } from '../../report/report-document.ts';
import { mergeVerifications } from '../../workflows/verify/merge-verifications.ts';
import { asVerification, isOfVerification } from '../../workflows/verify/parse-verification.ts';
import { exitCodeOfVerification, type Verification } from '../../workflows/verify/verification.ts';
import type { ReportFiles } from '../flags/options/promotion-options.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { InputError, UsageError } from '../flags/usage-error.ts';
import { logReport } from '../output/log-report.ts';
import { logVerification, writeVerification } from '../output/log-verification.ts';
import { createLogger } from '../output/logger.ts';
import type { Stdio } from '../output/stdio.ts';
import { prepareReports, type ReportTargets, writeReports } from '../output/write-report.ts';
import type { ProcessContext } from './command.ts';

/** Bytes of one report: what a string of node can hold, of which JSON.parse needs one. About 800,000 items. */
const MAX_REPORT_BYTES = 500 * 1024 * 1024;

/** A request to merge reports. */
export interface MergeOptions extends ReportFiles {
  /** At least one. */
  readonly files: readonly string[];
  readonly allowLost: boolean;
  readonly log: LogOptions;
}

/** `cip report merge`: one report of the reports of all shards. Resolves to the exit code of such a run. */
export async function runReportMerge(options: MergeOptions, { stdio }: ProcessContext): Promise<number> {
  const { files } = options;
  const log = createLogger(stdio, options.log, Date.now);
  const places = await prepareReports(options, { files });
  return await mergeAll(await readReports(files), { options, places, stdio, log });
}

interface Merging {
  readonly options: MergeOptions;
  readonly places: ReportTargets;
  readonly stdio: Stdio;
  readonly log: Log;
}

function mergeAll(found: readonly Found[], merging: Merging): Promise<number> {
  const promotions = found.filter((one) => one.kind === 'promotion');
  const verifications = found.filter((one) => one.kind === 'verification');
  const [promotion] = promotions;
  const [verification] = verifications;
  if (verification === undefined) return mergePromotions(promotions, merging);
  if (promotion === undefined) return mergeVerified(verifications, merging);
  const [one, other] = [quote(promotion.name), quote(verification.name)];
  throw new InputError(`${one} is the report of a promotion and ${other} of cip verify: merge them apart`);
}

async function mergePromotions(
  reports: readonly Named<Report>[],
  { options, places, stdio, log }: Merging,
): Promise<number> {
  const report = mergeReports(reports);
  await logReport(report, { format: options.log.format, allowLost: options.allowLost, stdio, log });
  await writeReports(report, places, stdio);
  return report.stopped ? 1 : exitCodeOf(report, options);
}

async function mergeVerified(
  reports: readonly Named<Verification>[],
  { options, places, stdio, log }: Merging,
): Promise<number> {
  if (options.allowLost) throw new UsageError('-allow-lost does not go with reports of cip verify');
  const verification = mergeVerifications(reports);
  await logVerification(verification, { format: options.log.format, stdio, log });
  await writeVerification(verification, places, stdio);
  return exitCodeOfVerification(verification);
}

type Found =
  | ({ readonly kind: 'promotion' } & Named<Report>)
  | ({ readonly kind: 'verification' } & Named<Verification>);

/** One after the other: the text of one report is enough to have in memory. */
async function readReports(files: readonly string[]): Promise<Found[]> {
  const reports: Found[] = [];
  const { signal } = new AbortController();
  await forEachConcurrently(files, { workers: 1, signal }, async (name) => {
    reports.push(await readReport(name));
  });
  return reports;
}

async function readReport(name: string): Promise<Found> {
  try {
    const document = parseDocument(await readText(name));
    return isOfVerification(document)
      ? { kind: 'verification', name, report: asVerification(document) }
      : { kind: 'promotion', name, report: asReport(document) };
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
