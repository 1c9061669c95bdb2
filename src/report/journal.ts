import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { sortedBy } from '../base/sorted.ts';
import type { PromotionItem, RunReport } from './report.ts';

// The journal of a promotion: what its report says, as far as the run has come. The first line is the report without
// items, and each further line an item with the time when its outcome was known. A killed run leaves the last line cut.

const MARK = '{"journal":1,';

/** The first line. */
export function renderJournalHead(report: RunReport, tool: string): string {
  const { items: _, ...head } = report;
  return `${JSON.stringify({ journal: 1, tool, ...head })}\n`;
}

/** The line of an edge; without a time for an edge that the plan refused. */
export function renderJournalItem(item: PromotionItem, time?: number): string {
  const at = time === undefined ? {} : { time: new Date(time).toISOString() };
  return `${JSON.stringify({ ...at, ...item })}\n`;
}

export function isJournal(text: string): boolean {
  return text.startsWith(MARK);
}

/** The report of a run that was killed: edges without a line are counted as not attempted. Undefined for a cut first line. */
export function readJournal(text: string): JsonObject | undefined {
  const [first = '', ...lines] = text.split('\n');
  const head = parseJsonObject(first);
  if (head === undefined) return undefined;
  const { journal: _, tool: _tool, ...report } = head;
  const items: JsonObject[] = [];
  let last: unknown;
  for (const line of lines) {
    const parsed = parseJsonObject(line);
    if (parsed === undefined) continue; // the last one, if it was cut
    const { time, ...item } = parsed;
    last = time ?? last;
    items.push(item);
  }
  const summary = countOutcomes(report['summary'], items);
  return {
    ...report,
    stopped: true,
    durationMs: durationOf(report, last),
    summary,
    findings: [...listOf(report['findings']), ...findingsOf(summary)],
    items: sortedBy(items, ({ destination }) => String(destination)),
  };
}

function countOutcomes(planned: unknown, items: readonly JsonObject[]): JsonObject {
  const summary = isObject(planned) ? planned : {};
  const count = (outcome: string) => items.filter((item) => item['outcome'] === outcome).length;
  const [copied, failed] = [count('copied'), count('failed')];
  const open = Number(summary['not-attempted'] ?? 0) - copied - failed;
  return { ...summary, copied, failed, 'not-attempted': Math.max(0, open) };
}

/** An edge may have been written between its request and its line. */
function findingsOf(summary: JsonObject): JsonObject[] {
  const open = Number(summary['not-attempted']);
  if (open === 0) return [];
  const message = `the run was killed: ${open} edges have no recorded outcome`;
  const advice = 'run the promotion again: it completes them';
  return [{ rule: 'journal', level: 'warn', message, advice, at: '', edges: [] }];
}

function durationOf({ startedAt, durationMs }: JsonObject, last: unknown): unknown {
  const duration = Date.parse(String(last)) - Date.parse(String(startedAt));
  return duration >= 0 ? duration : durationMs;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
