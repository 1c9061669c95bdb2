import { allSettledOrThrow } from '../../base/concurrency.ts';
import { filtered } from '../../base/iterables.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import type { ReviewSection } from '../../report/render-markdown.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import { exitCodeOfError } from '../flags/usage-error.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { isLoggedLive } from './live-log.ts';
import { logReport, type ReportLogOptions } from './log-report.ts';
import type { Run } from '../runtime/run-scope.ts';
import type { RunRecord } from './run-record.ts';
import { type ReportTargets, writeReports } from './write-report.ts';

interface Conclusion extends Omit<ReportLogOptions, 'exitCode'> {
  readonly places: ReportTargets;
  /** The exit code of a run that a signal has stopped. */
  readonly stopCode?: number | undefined;
  /** The code frame of `file:line:column`. Unset: no code frames. */
  readonly frameOf?: ((at: string) => string | undefined) | undefined;
  /** The review of new images, for the Markdown report. Unset: there is none. */
  readonly review?: ReviewSection | undefined;
  /** Writes the plan file, or the report on stdout. Unset: neither is wanted. */
  readonly writeOutput?: (() => Promise<void>) | undefined;
  /** The live log and journal of a promotion. */
  readonly record?: Pick<RunRecord, 'close'> | undefined;
  /** Unset: the run is not observed. */
  readonly telemetry?: Pick<Telemetry, 'reported'> | undefined;
  /** Malformed entries were logged when the manifests were read. */
  readonly areMalformedLogged: boolean;
}

interface CheckConclusion extends Pick<Conclusion, 'places' | 'frameOf' | 'writeOutput' | 'stdio' | 'env'> {
  readonly run: Run;
  readonly options: Pick<Conclusion['options'], 'log'>;
}

/** Writes and logs the report, and resolves to the exit code. Throws a `ReportError` if the report cannot be written. */
export async function concludeRun(report: Report, conclusion: Conclusion): Promise<number> {
  const { options, places, stdio, stopCode, frameOf, record, review, writeOutput } = conclusion;
  conclusion.telemetry?.reported(report);
  const expected = stopCode ?? exitCodeOf(report, options);
  // first: a run that is stopped may not reach the end of its log
  const writing = [
    writeOutput?.(),
    writeReports(report, places, { stdio, frameOf, review, exitCode: expected }),
  ].filter((one) => one !== undefined);
  const failure = await allSettledOrThrow(writing).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const exitCode = failure === undefined ? expected : exitCodeOfError(failure.error);
  await record?.close({ isReported: failure === undefined });
  await logReport(withoutLogged(report, conclusion), { ...conclusion, exitCode });
  if (failure !== undefined) throw failure.error;
  return exitCode;
}

/** The same for a report of `cip verify`, `cip audit` or `cip sigcheck`. */
export function concludeCheck(report: Report, { run, options, ...parts }: CheckConclusion): Promise<number> {
  return concludeRun(report, {
    ...parts,
    options: { log: options.log, allowLost: false },
    telemetry: run.telemetry,
    log: run.log,
    isOpeningPrinted: options.log.format === 'text',
    areMalformedLogged: true,
    stopCode: run.stop.exitCode(),
  });
}

/** The report without the items that have been logged. */
function withoutLogged<R extends Report>(report: R, { areMalformedLogged, record }: Conclusion): R {
  const isLogged = (item: ReportItem) =>
    item.destination === null
      ? areMalformedLogged
      : record !== undefined && 'source' in item && isLoggedLive(item, report.mode);
  return { ...report, items: filtered<ReportItem>(report.items, (item) => !isLogged(item)) };
}
