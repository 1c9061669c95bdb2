import { allSettledOrThrow } from '../../base/concurrency.ts';
import { filtered } from '../../base/iterables.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { exitCodeOfError } from '../flags/usage-error.ts';
import { isLoggedLive } from './live-log.ts';
import { logReport, type ReportLogOptions } from './log-report.ts';
import type { RunRecord } from './run-record.ts';
import { type ReportTargets, writeReports } from './write-report.ts';

interface Conclusion extends Omit<ReportLogOptions, 'exitCode' | 'allowLost'> {
  readonly options: { readonly log: LogOptions; readonly allowLost: boolean };
  readonly places: ReportTargets;
  /** The exit code of a run that a signal has stopped. */
  readonly stopCode?: number | undefined;
  /** The lines of the manifest around `file:line:column`. Unset: no manifest is at hand. */
  readonly frameOf?: ((at: string) => string | undefined) | undefined;
  /** Writes the plan of the run, beside its report. */
  readonly writePlan?: (() => Promise<void>) | undefined;
  /** The record of a run that may have written: closed when the report has been written, or could not be. */
  readonly record?: Pick<RunRecord, 'close'> | undefined;
  /** Malformed entries were logged when the manifests were read. */
  readonly areMalformedLogged: boolean;
}

/**
 * Writes the report, logs it, and resolves to the exit code, which the last line of the log names. Throws a `ReportError`
 * for a report that cannot be written, after the log.
 */
export async function concludeRun(report: Report, conclusion: Conclusion): Promise<number> {
  const { options, places, stdio, stopCode, frameOf, record, writePlan } = conclusion;
  const { allowLost } = options;
  const expected = stopCode ?? exitCodeOf(report, options);
  // first: a run that is stopped may not reach the end of its log
  const writing = [
    writePlan?.(),
    writeReports(report, places, { stdio, frameOf, exitCode: expected }),
  ].filter((one) => one !== undefined);
  const failure = await allSettledOrThrow(writing).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const exitCode = failure === undefined ? expected : exitCodeOfError(failure.error);
  await record?.close({ isReported: failure === undefined });
  await logReport(withoutLogged(report, conclusion), { ...conclusion, allowLost, exitCode });
  if (failure !== undefined) throw failure.error;
  return exitCode;
}

/** The report without the items that are in the log already. */
function withoutLogged<R extends Report>(report: R, { areMalformedLogged, record }: Conclusion): R {
  const isLogged = (item: ReportItem) =>
    item.destination === null
      ? areMalformedLogged
      : record !== undefined && 'source' in item && isLoggedLive(item, report.mode);
  return { ...report, items: filtered<ReportItem>(report.items, (item) => !isLogged(item)) };
}
