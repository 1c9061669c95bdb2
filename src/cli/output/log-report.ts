import type { Log } from '../../ports/log.ts';
import { advise } from '../../report/advise.ts';
import type { EnvelopeHost } from '../../report/envelope.ts';
import {
  foldConflicts,
  renderFindingLine,
  renderItemLine,
  renderRepairLine,
  renderTables,
} from '../../report/render-text.ts';
import type { Report, ReportItem } from '../../report/report.ts';
import { levelOf } from '../../report/summary/item-lines.ts';
import { renderSummary } from '../../report/summary/render-summary.ts';
import { PLAIN_STYLE, type Style } from '../../report/summary/style.ts';
import { confirmHint, verdictOf } from '../../report/summary/verdict.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { edgeFields, logDetailsAsJson } from './log-report-json.ts';
import { logFinish } from './logger.ts';
import { type Stdio, tell } from './stdio.ts';

export interface ReportLogOptions {
  readonly options: { readonly log: LogOptions; readonly allowLost: boolean };
  /** The exit code of the process. */
  readonly exitCode: number;
  /** The first line of the log has been printed. */
  readonly isOpeningPrinted: boolean;
  readonly stdio: Stdio;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** Logs a report in the format of the log. */
export async function logReport(report: Report, parts: ReportLogOptions): Promise<void> {
  const { format } = parts.options.log;
  if (format === 'text') await logSummary(report, parts);
  else if (format === 'json') logAsJson(report, parts);
  else await logAsLegacy(report, parts);
}

/** Characters that are written at a time. */
const BLOCK = 64 * 1024;

async function logSummary(report: Report, parts: ReportLogOptions): Promise<void> {
  const { options, exitCode, isOpeningPrinted, stdio } = parts;
  const { allowLost } = options;
  const { detail, level: given } = options.log;
  const level = given === 'debug' ? 'info' : given;
  let block = '';
  const summary = { allowLost, detail, level, exitCode, isOpeningPrinted, style: styleOf(parts) };
  for (const line of renderSummary(report, summary)) {
    block += line;
    if (block.length < BLOCK) continue;
    await tell(stdio.err, block);
    block = '';
  }
  await tell(stdio.err, block);
}

/** A terminal gets colours, short digests and wrapped lines. @see https://no-color.org */
export function styleOf({
  options,
  stdio: { err },
  env,
}: Pick<ReportLogOptions, 'options' | 'stdio' | 'env'>): Style {
  if (err.isTTY !== true) return PLAIN_STYLE;
  const colours = options.log.colours && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return { columns: err.columns || undefined, colours, shortDigests: true };
}

function logAsJson(report: Report, { options, exitCode, stdio, log }: ReportLogOptions): void {
  const { mode, stopped, durationMs, summary } = report;
  const hosts: Readonly<Record<string, EnvelopeHost>> = report.hosts;
  for (const item of report.items) log.write(levelOf(item, mode, options), 'edge', edgeFields(item));
  logDetailsAsJson(report, log);
  logIdentities(hosts, log);
  for (const [host, { edges, identities, repositories, overTime: _, ...traffic }] of Object.entries(hosts)) {
    const counts = { ...edges, ...repositories, ...traffic };
    log.write('info', 'host', { host, ...counts, identities: identities.join(', ') });
  }
  const verdict = verdictOf(report, exitCode);
  logFinish({ mode, stopped, durationMs, ...summary, verdict, exitCode }, stdio);
}

/** A line for each item, finding, repaired blob or manifest, advice and host, and the tables. */
async function logAsLegacy(
  report: Report,
  { options, exitCode, stdio, log }: ReportLogOptions,
): Promise<void> {
  for (const item of foldConflicts<ReportItem>(report.items)) {
    log.write(levelOf(item, report.mode, options), renderItemLine(item));
  }
  for (const finding of report.findings) {
    log.write(finding.level === 'error' ? 'error' : 'warning', renderFindingLine(finding));
  }
  for (const piece of report.mode === 'verify' ? (report.repair?.pieces ?? []) : []) {
    log.write(piece.outcome === 'failed' ? 'error' : 'info', renderRepairLine(piece));
  }
  for (const { about, text } of advise(report)) log.write('info', `what to do about ${about}: ${text}`);
  logIdentities(report.hosts, log);
  await tell(stdio.err, `\n${renderTables(report)}\n`);
  if (report.mode === 'dry-run') {
    const hint = exitCode === 0 ? `; ${confirmHint(report)}` : '';
    log.write('info', `dry run: nothing was written${hint}`);
  }
}

function logIdentities(hosts: Readonly<Record<string, EnvelopeHost>>, log: Log): void {
  for (const [host, { identities, requests }] of Object.entries(hosts)) {
    if (requests > 0)
      log.write('info', 'identity used', { host, identities: identities.join(', ') || 'none' });
  }
}
