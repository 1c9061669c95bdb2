import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { ReviewSection } from '../../report/render-markdown.ts';
import type { RunReport } from '../../report/report.ts';
import type { ProcessContext } from '../commands/command.ts';
import type { TransferOptions } from '../flags/options/promotion-options.ts';
import type { Run } from '../runtime/run-scope.ts';
import { concludeRun } from './conclude-run.ts';
import { manifestFrames } from './manifest-frames.ts';
import type { RunRecord } from './run-record.ts';
import type { PlanOutput } from './write-plan.ts';
import type { ReportTargets } from './write-report.ts';

/** Writes and logs the report of a run, and writes its plan; gives its exit code. */
export async function finishPromotion(
  report: RunReport,
  { options, run, places, stdio, env, output, where, record, review, areMalformedLogged = true }: Finish,
): Promise<number> {
  return await concludeRun(report, {
    options,
    places,
    stdio,
    env,
    log: run.log,
    telemetry: run.telemetry,
    isOpeningPrinted: options.task !== 'parse-only',
    areMalformedLogged,
    record,
    stopCode: run.stop.exitCode(),
    review,
    frameOf: where && manifestFrames(where),
    writeOutput: output && (() => output.write(places, stdio)),
  });
}

interface Finish extends ProcessContext {
  readonly options: TransferOptions;
  readonly run: Run;
  readonly places: ReportTargets;
  readonly output?: PlanOutput | undefined;
  readonly where?: ManifestLocation | undefined;
  readonly record: RunRecord;
  /** Unset: the images were not reviewed. */
  readonly review?: ReviewSection | undefined;
  /** Default: true. */
  readonly areMalformedLogged?: boolean;
}
