import type { Log, LogLevel } from '../../ports/log.ts';
import { advise } from '../../report/advise.ts';
import type { EnvelopeHost } from '../../report/envelope.ts';
import { needsAttention } from '../../report/exit-code.ts';
import {
  foldConflicts,
  renderFindingLine,
  renderItemLine,
  renderRepairLine,
  renderTables,
} from '../../report/render-text.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import { renderSummary } from '../../report/summary/render-summary.ts';
import { PLAIN_STYLE, type Style } from '../../report/summary/style.ts';
import { confirmHint, verdictOf } from '../../report/summary/verdict.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { edgeFields, logDetailsAsJson } from './log-report-json.ts';
import { logFinish } from './logger.ts';
import { type Stdio, tell } from './stdio.ts';

export interface ReportLogOptions {
  readonly options: { readonly log: LogOptions };
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  /** The exit code of the process. */
  readonly exitCode: number;
  /** The first sentence was printed before. */
  readonly isOpened: boolean;
  readonly stdio: Stdio;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** Logs a report in the format that was asked for. */
export async function logReport(report: Report, parts: ReportLogOptions): Promise<void> {
  if (parts.options.log.format === 'text') await tellSummary(report, parts);
  else await logEverything(report, parts);
}

/** Characters that are written at a time. */
const BLOCK = 64 * 1024;

async function tellSummary(report: Report, parts: ReportLogOptions): Promise<void> {
  const { options, stdio } = parts;
  const { detail, level } = options.log;
  const style = styleOf(parts);
  let block = '';
  for (const line of renderSummary(report, {
    ...parts,
    detail,
    style,
    level: level === 'debug' ? 'info' : level,
  })) {
    block += line;
    if (block.length < BLOCK) continue;
    await tell(stdio.err, block);
    block = '';
  }
  await tell(stdio.err, block);
}

/** Terminals get colours, short digests and lines of their width. @see https://no-color.org */
export function styleOf({
  options,
  stdio: { err },
  env,
}: Pick<ReportLogOptions, 'options' | 'stdio' | 'env'>): Style {
  if (err.isTTY !== true) return PLAIN_STYLE;
  const colours = options.log.colours && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return { columns: err.columns || undefined, colours, shortDigests: true };
}

/**
 * A line for each item, conflict, finding and repaired blob or manifest, the advice, a line for each host, and the
 * tables; in place of the tables, the counts for machines.
 */
async function logEverything(report: Report, parts: ReportLogOptions): Promise<void> {
  const { log, stdio, exitCode, options } = parts;
  if (options.log.format === 'json') {
    for (const item of report.items) log.write(levelOf(item, report.mode, parts), 'edge', edgeFields(item));
    logDetailsAsJson(report, log);
    logHosts(report.hosts, parts);
    const { mode, stopped, durationMs, summary } = report;
    const verdict = verdictOf(report, exitCode);
    return logFinish({ mode, stopped, durationMs, ...summary, verdict, exitCode }, stdio);
  }
  logLines(report, parts);
  logHosts(report.hosts, parts);
  await tell(stdio.err, `\n${renderTables(report)}\n`);
  if (report.mode === 'dry-run') log.write('info', `dry run: nothing was written; ${confirmHint(report)}`);
}

/** A line for each item, conflict, finding and repaired blob or manifest, and the advice. */
function logLines(report: Report, parts: ReportLogOptions): void {
  const { log } = parts;
  for (const item of foldConflicts<ReportItem>(report.items)) {
    log.write(levelOf(item, report.mode, parts), renderItemLine(item));
  }
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

function logHosts(hosts: Readonly<Record<string, EnvelopeHost>>, { log, options }: ReportLogOptions): void {
  for (const [host, { identities, requests }] of Object.entries(hosts)) {
    if (requests > 0)
      log.write('info', 'identity used', { host, identities: identities.join(', ') || 'none' });
  }
  if (options.log.format !== 'json') return;
  for (const [host, { edges, identities, repositories, ...traffic }] of Object.entries(hosts)) {
    const counts = { ...edges, ...repositories, ...traffic };
    log.write('info', 'host', { host, ...counts, identities: identities.join(', ') });
  }
}
