import type { Log } from '../../ports/log.ts';
import { foldConflicts } from '../../report/fold-conflicts.ts';
import { renderJson } from '../../report/render-json.ts';
import { advise } from '../../workflows/verify/advise.ts';
import { renderVerificationMarkdown } from '../../workflows/verify/render-markdown.ts';
import {
  renderRepairLine,
  renderVerificationLine,
  renderVerificationTables,
} from '../../workflows/verify/render-text.ts';
import { isThere, type Verification } from '../../workflows/verify/verification.ts';
import type { LogOptions } from '../flags/options/run-options.ts';
import { logEnd } from './log-report.ts';
import type { Stdio } from './stdio.ts';
import { type ReportTargets, writeRenderings } from './write-report.ts';

/** The report of a verification, in the forms that were asked for. Throws as `writeRenderings` does. */
export function writeVerification(
  verification: Verification,
  places: ReportTargets,
  stdio: Stdio,
): Promise<void> {
  const renderings = {
    json: () => renderJson(verification),
    markdown: () => [renderVerificationMarkdown(verification)],
  };
  return writeRenderings(renderings, places, stdio);
}

/** Logs a verification: a line for each item, repaired piece, advice and host, then the tables. */
export async function logVerification(
  verification: Verification,
  { format, stdio, log }: { format: LogOptions['format']; stdio: Stdio; log: Log },
): Promise<void> {
  for (const item of foldConflicts(verification.items, ({ verdict }) => verdict === 'conflict')) {
    log.write(isThere(item) ? 'info' : 'error', renderVerificationLine(item));
  }
  for (const piece of verification.repair?.pieces ?? []) {
    log.write(piece.outcome === 'failed' ? 'error' : 'info', renderRepairLine(piece));
  }
  for (const { about, text } of advise(verification)) {
    log.write('info', `what to do about ${about}: ${text}`);
  }
  await logEnd(verification, () => renderVerificationTables(verification), { format, stdio, log });
}
