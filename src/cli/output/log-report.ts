import { assertNever } from '../../base/exhaustive.ts';
import type { Log, LogLevel } from '../../ports/log.ts';
import { foldConflicts } from '../../report/fold-conflicts.ts';
import { renderFindingLine, renderItemLine, renderTables } from '../../report/render-text.ts';
import type { HostCounts, Mode, ReportItem, RepositoryCounts, RunReport } from '../../report/report.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { logFinish } from './logger.ts';
import { type Stdio, tell } from './stdio.ts';

export interface ReportLogOptions {
  readonly format: LogOptions['format'];
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  readonly stdio: Stdio;
  readonly log: Log;
}

/** Logs a report: a line for each item or conflict, for each finding and for each host, then the tables. */
export async function logReport(
  report: RunReport,
  { format, allowLost, stdio, log }: ReportLogOptions,
): Promise<void> {
  for (const item of foldConflicts(report.items, ({ decision }) => decision === 'conflict')) {
    log.write(levelOf(item, { mode: report.mode, allowLost }), renderItemLine(item));
  }
  for (const finding of report.findings) {
    log.write(finding.level === 'error' ? 'error' : 'warning', renderFindingLine(finding));
  }
  await logEnd(report, () => renderTables(report), { format, stdio, log });
}

/** The end of a report of any kind. */
interface Ending {
  readonly mode: string;
  readonly stopped: boolean;
  readonly durationMs: number;
  readonly summary: Readonly<Record<string, number>>;
  readonly hosts: Readonly<
    Record<
      string,
      HostCounts & {
        readonly edges: Readonly<Record<string, number>>;
        readonly repositories?: RepositoryCounts;
      }
    >
  >;
}

/** Logs the identities used at each host, then the tables; for machines, counts in place of the tables. */
export async function logEnd(
  { mode, stopped, durationMs, summary, hosts }: Ending,
  tables: () => string,
  { format, stdio, log }: Omit<ReportLogOptions, 'allowLost'>,
): Promise<void> {
  for (const [host, { identities, requests }] of Object.entries(hosts)) {
    if (requests > 0) log.write('info', 'asked as', { host, identities: identities.join(', ') || 'nobody' });
  }
  if (format === 'text') return tell(stdio.err, `\n${tables()}\n`);
  for (const [host, { edges, identities, repositories, ...traffic }] of Object.entries(hosts)) {
    log.write('info', 'host', {
      host,
      ...edges,
      ...repositories,
      ...traffic,
      identities: identities.join(', '),
    });
  }
  logFinish({ mode, stopped, durationMs, ...summary }, stdio);
}

/** Items that decide the exit code are errors, so that every log level shows them. */
function levelOf(
  { decision, outcome }: ReportItem,
  { mode, allowLost }: { mode: Mode; allowLost: boolean },
): LogLevel {
  switch (decision) {
    case 'present':
      return 'info';
    case 'copy':
    case 'add-tag':
      return mode === 'promotion' && outcome !== 'copied' ? 'error' : 'info';
    case 'lost':
      return allowLost ? 'warning' : 'error';
    case 'tag-move':
    case 'conflict':
    case 'invalid':
    case 'unreadable':
    case 'blocked':
      return 'error';
    default:
      return assertNever(decision);
  }
}
