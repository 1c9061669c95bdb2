import type { Log, LogLevel } from '../../ports/log.ts';
import { advise } from '../../report/advise.ts';
import type { EnvelopeHost } from '../../report/envelope.ts';
import { needsAttention } from '../../report/exit-code.ts';
import { foldUnattempted } from '../../report/fold-unattempted.ts';
import {
  foldConflicts,
  renderFindingLine,
  renderItemLine,
  renderRepairLine,
  renderTables,
} from '../../report/render-text.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { edgeFields, logDetailsAsJson } from './log-report-json.ts';
import { logFinish } from './logger.ts';
import { type Stdio, tell } from './stdio.ts';

export interface ReportLogOptions {
  readonly format: LogOptions['format'];
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  readonly stdio: Stdio;
  readonly log: Log;
}

/**
 * Logs a report: a line for each item, conflict, finding and repaired blob or manifest, the advice, a line for each host,
 * and the tables; in place of the tables, the counts for machines.
 */
export async function logReport(report: Report, options: ReportLogOptions): Promise<void> {
  const { log, format, stdio } = options;
  if (format === 'json') {
    for (const item of report.items) log.write(levelOf(item, report.mode, options), 'edge', edgeFields(item));
    logDetailsAsJson(report, log);
  } else logLines(report, options);
  logHosts(report.hosts, options);
  if (format !== 'json') return tell(stdio.err, `\n${renderTables(report)}\n`);
  const { mode, stopped, durationMs, summary } = report;
  logFinish({ mode, stopped, durationMs, ...summary }, stdio);
}

function logLines(report: Report, options: ReportLogOptions): void {
  const { log, format } = options;
  const { lines, attempted } = foldUnattempted<ReportItem>(report.items, report.mode);
  const items = format === 'legacy' ? report.items : attempted;
  for (const item of foldConflicts<ReportItem>(items)) {
    log.write(levelOf(item, report.mode, options), renderItemLine(item));
  }
  for (const line of format === 'legacy' ? [] : lines) log.write('error', line);
  for (const finding of report.findings) {
    log.write(finding.level === 'error' ? 'error' : 'warning', renderFindingLine(finding));
  }
  for (const piece of report.mode === 'verify' ? (report.repair?.pieces ?? []) : []) {
    log.write(piece.outcome === 'failed' ? 'error' : 'info', renderRepairLine(piece));
  }
  for (const { about, text } of advise(report)) log.write('info', `what to do about ${about}: ${text}`);
}

/** Results that decide the exit code are logged at every level. */
export function levelOf(
  item: ReportItem,
  mode: Report['mode'],
  { allowLost }: Pick<ReportLogOptions, 'allowLost'>,
): LogLevel {
  if (!needsAttention(item, mode)) return 'info';
  return item.decision === 'lost' && allowLost ? 'warning' : 'error';
}

function logHosts(hosts: Readonly<Record<string, EnvelopeHost>>, { log, format }: ReportLogOptions): void {
  for (const [host, { identities, requests }] of Object.entries(hosts)) {
    if (requests > 0)
      log.write('info', 'identity used', { host, identities: identities.join(', ') || 'none' });
  }
  if (format !== 'json') return;
  for (const [host, { edges, identities, repositories, ...traffic }] of Object.entries(hosts)) {
    const counts = { ...edges, ...repositories, ...traffic };
    log.write('info', 'host', { host, ...counts, identities: identities.join(', ') });
  }
}
