import type { RunEvents } from '../../apply.ts';
import { planSentence } from '../../report/summary/verdict.ts';
import type { TransferOptions } from '../flags/options/promotion-options.ts';
import type { Run } from '../runtime/run-scope.ts';
import { Journal } from './journal.ts';
import { LiveLog } from './live-log.ts';
import { styleOf } from './log-report.ts';
import type { Stdio } from './stdio.ts';
import type { ReportTargets } from './write-report.ts';

export interface RunRecordParts {
  readonly options: Pick<TransferOptions, 'log' | 'allowLost'>;
  readonly places: ReportTargets;
  readonly run: Pick<Run, 'log' | 'print' | 'runtime'>;
  readonly stdio: Stdio;
  readonly env: NodeJS.ProcessEnv;
  /** Logs the source of a copy or plan, after the first line. */
  readonly logOrigin?: (() => void) | undefined;
}

/** The record of a run while it runs: the first line, the live log, and the journal that precedes the report. */
export interface RunRecord {
  readonly events: RunEvents;
  /** Called after the report has been written, or could not be. */
  close(end: { readonly isReported: boolean }): Promise<void>;
}

export function openRunRecord({ options, places, run, logOrigin, ...context }: RunRecordParts): RunRecord {
  const { log, print, runtime } = run;
  const { detail, format } = options.log;
  const style = styleOf({ options, ...context });
  const live = new LiveLog({ log, allowLost: options.allowLost, detail, style });
  const journal = new Journal(places.report, {
    log,
    secrets: context.stdio.secrets,
    now: () => runtime.clock.wallTime(),
  });
  return {
    events: {
      planned: async (report) => {
        if (format === 'text') print(planSentence(report));
        logOrigin?.();
        await journal.planned(report);
        live.planned(report);
      },
      edgeEnded: (item, outcome) => journal.edgeEnded(item, outcome),
      imageEnded: (image) => live.imageEnded(image),
    },
    close: async (end) => {
      live.close();
      await journal.close(end);
    },
  };
}
