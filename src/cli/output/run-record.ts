import type { RunEvents } from '../../apply.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { Journal } from './journal.ts';
import { LiveLog } from './live-log.ts';
import type { LineLog } from './logger.ts';
import type { Stdio } from './stdio.ts';
import type { ReportTargets } from './write-report.ts';

export interface RunRecordParts {
  readonly places: ReportTargets;
  readonly log: LineLog;
  readonly clock: Clock;
  readonly stdio: Stdio;
  readonly allowLost: boolean;
  readonly telemetry: Telemetry;
}

/** The record of a promotion while it runs: its live log, and the journal that precedes its report. */
export interface RunRecord {
  readonly events: RunEvents;
  /** Called after the report has been written, or could not be. */
  close(end: { readonly isReported: boolean }): Promise<void>;
}

export function openRunRecord({
  places,
  log,
  clock,
  stdio,
  allowLost,
  telemetry,
}: RunRecordParts): RunRecord {
  const live = new LiveLog({ log, allowLost, shortDigests: stdio.err.isTTY === true });
  const { secrets } = stdio;
  const journal = new Journal(places.report, { log, secrets, now: () => clock.wallTime() });
  return {
    events: {
      planned: async (plan, report) => {
        await journal.planned(report);
        live.planned(plan, report);
        telemetry.reported(report);
      },
      edgeEnded: (item, outcome) => journal.edgeEnded(item, outcome),
      imageEnded: (image) => {
        live.imageEnded(image);
        telemetry.imageEnded(image);
      },
    },
    close: async (end) => {
      live.close();
      await journal.close(end);
    },
  };
}
