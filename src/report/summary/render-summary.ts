import { oneLine } from '../../base/text.ts';
import { advise } from '../advise.ts';
import { changesOf, changeText } from '../audit/changes.ts';
import { decisionTable, renderFindingLine, renderRepairLine } from '../render-text.ts';
import type { ReportFinding } from '../envelope.ts';
import type { Report } from '../report.ts';
import { summarizeHosts } from './host-table.ts';
import { causeLines, type ItemLineOptions, itemLines, type Line } from './item-lines.ts';
import { renderFitted, withoutZeros } from './nonzero-table.ts';
import { type Level, paint, shortenDigests, type Style, wrap } from './style.ts';
import { confirmHint, openingSentence, verdictOf } from './verdict.ts';

export interface SummaryOptions extends ItemLineOptions {
  readonly exitCode: number;
  /** Minimum level of a line. The first and last line and the tables have no level. */
  readonly level: Level;
  /** The first line has been printed. */
  readonly isOpeningPrinted: boolean;
  readonly style: Style;
}

/** A report as text: the plan, a line for each image, problems, tables and the verdict. */
export function* renderSummary(report: Report, options: SummaryOptions): Generator<string> {
  const { detail, exitCode, isOpeningPrinted, style } = options;
  if (!isOpeningPrinted) yield `${wrap(openingSentence(report), style.columns, '  ')}\n`;
  for (const line of bodyLines(report, options)) {
    if (RANK[line.level] >= RANK[detail === 'quiet' ? 'warning' : options.level])
      yield renderLine(line, options);
  }
  if (detail !== 'quiet') yield* tables(report, options);
  const verdict = wrap(verdictOf(report, exitCode), style.columns, '  ');
  yield `${paint(verdict, exitCode === 0 ? 'info' : 'error', style)}\n`;
}

const RANK: Readonly<Record<Level, number>> = { info: 1, warning: 2, error: 3 };

function renderLine({ level, word, text }: Line, { detail, style }: SummaryOptions): string {
  const isShort = style.shortDigests && detail !== 'verbose';
  const shown = oneLine(isShort ? shortenDigests(text) : text, Number.POSITIVE_INFINITY);
  const prefix = level === 'info' ? '' : `${level.toUpperCase().padEnd(7)} `;
  const wrapped = wrap(`${prefix}${word} ${shown}`, style.columns, ' '.repeat(prefix.length || 4));
  return `${wrapped.replace(word, paint(word, level, style))}\n`;
}

function* bodyLines(report: Report, options: SummaryOptions): Generator<Line> {
  yield* itemLines(report, options);
  yield* causeLines(report);
  const { shown, others } = splitFindings(report);
  for (const finding of others) {
    yield {
      level: finding.level === 'error' ? 'error' : 'warning',
      word: 'check',
      text: renderFindingLine(finding),
    };
  }
  for (const piece of report.mode === 'verify' ? (report.repair?.pieces ?? []) : []) {
    const [word, text] = splitFirst(renderRepairLine(piece));
    yield { level: piece.outcome === 'failed' ? 'error' : 'info', word, text };
  }
  for (const change of changesOf(report)) yield { level: 'info', ...changeText(change) };
  for (const { about, text } of [...adviceOf(shown), ...advise(report)]) {
    yield { level: 'info', word: `what to do about ${about}:`, text };
  }
}

interface SplitFindings {
  /** The lines of blocked edges have their messages. */
  readonly shown: readonly ReportFinding[];
  readonly others: readonly ReportFinding[];
}

function splitFindings({ items, findings }: Report): SplitFindings {
  if (findings.length === 0) return { shown: [], others: [] };
  const reasons = new Map<string | null, string>();
  for (const { decision, destination, reason } of items)
    if (decision === 'blocked') reasons.set(destination, reason);
  const isShown = ({ message, edges }: ReportFinding) =>
    edges.some((edge) => reasons.get(edge)?.includes(message));
  return { shown: findings.filter(isShown), others: findings.filter((finding) => !isShown(finding)) };
}

/** Each advice once. */
function adviceOf(findings: readonly ReportFinding[]) {
  const advised = new Map<string, string>();
  for (const { rule, advice } of findings) if (advice !== undefined) advised.set(advice, rule);
  return Array.from(advised, ([text, about]) => ({ about, text }));
}

function splitFirst(text: string): [string, string] {
  const space = text.indexOf(' ');
  return [text.slice(0, space), text.slice(space + 1)];
}

function* tables(report: Report, { detail, style, exitCode }: SummaryOptions): Generator<string> {
  const hosts = summarizeHosts(report, { folded: detail === 'normal' });
  for (const table of [withoutZeros(decisionTable(report)), hosts]) {
    if (table.rows.length > 0) yield `\n${renderFitted(table, style.columns)}\n`;
  }
  yield '\n';
  if (report.mode === 'dry-run')
    yield `dry run: nothing was written${exitCode === 0 ? `; ${confirmHint(report)}` : ''}\n`;
}
