import type { Log } from '../ports/log.ts';
import { renderItemLine, renderTables } from '../report/render-text.ts';
import type { Report, ReportItem } from '../report/report.ts';
import type { LogOptions } from './options.ts';
import { type Stdio, tellPeople } from './stdio.ts';

/** Tells a report in the log: a line for each item, one for each host, and the tables. */
export async function tellReport(
  report: Report,
  { format, stdio, log }: { format: LogOptions['format']; stdio: Stdio; log: Log },
): Promise<void> {
  for (const item of report.items) log.write(levelOf(item), renderItemLine(item));
  for (const [host, { identities }] of Object.entries(report.hosts)) {
    log.write('info', 'asked as', { host, identities: identities.join(', ') || 'nobody' });
  }
  if (format === 'json') logSummary(report, log);
  else await tellPeople(stdio, `\n${renderTables(report)}\n`);
}

/** What the tables tell, for machines. */
function logSummary({ mode, stopped, durationMs, summary, hosts }: Report, log: Log): void {
  for (const [host, { edges, identities, repositories, ...traffic }] of Object.entries(hosts)) {
    const told = { ...edges, ...repositories, ...traffic, identities: identities.join(', ') };
    log.write('info', 'host', { host, ...told });
  }
  log.write('info', 'run finished', { mode, stopped, durationMs, ...summary });
}

function levelOf({ decision, outcome }: ReportItem): 'info' | 'warning' | 'error' {
  if (outcome === 'failed') return 'error';
  if (decision === 'lost') return 'warning';
  return decision === 'copy' || decision === 'add-tag' || decision === 'present' ? 'info' : 'error';
}
