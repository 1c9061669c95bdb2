import { oneLine } from '../../base/text.ts';
import { advise } from '../advise.ts';
import { needsAttention } from '../exit-code.ts';
import { decisionTable, foldConflicts, renderFindingLine, renderRepairLine } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';
import { causeText } from './cause-text.ts';
import type { FoldedImage } from './fold-edges.ts';
import { summarizeHosts } from './host-table.ts';
import { foldItems, type ItemLine, resultIn } from './fold-items.ts';
import { plainReason } from './plain-reason.ts';
import { renderFacts, withoutZeros } from './nonzero-table.ts';
import { type Level, paint, shortenDigests, type Style, wrap } from './style.ts';
import { countOf, openingSentence, verdictOf } from './verdict.ts';

export interface SummaryOptions {
  readonly exitCode: number;
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  /** `quiet`: sentences and problems; `verbose`: every edge, with full digests. */
  readonly detail: 'quiet' | 'normal' | 'verbose';
  /** Lines below this level are left out; the sentences and the tables are not. */
  readonly level: Level;
  /** The first sentence stands in the log already. */
  readonly isOpened: boolean;
  readonly style: Style;
}

/** A report for people, line by line: a sentence, what is or would be written, problems, tables, and the verdict. */
export function* renderSummary(report: Report, options: SummaryOptions): Generator<string> {
  const { detail, exitCode, isOpened, style } = options;
  if (!isOpened) yield `${openingSentence(report)}\n`;
  for (const line of bodyLines(report, options)) {
    if (RANK[line.level] >= RANK[detail === 'quiet' ? 'warning' : options.level])
      yield renderLine(line, options);
  }
  if (detail !== 'quiet') yield* tables(report, options);
  yield `${paint(verdictOf(report, exitCode), exitCode === 0 ? 'info' : 'error', style)}\n`;
}

const RANK: Readonly<Record<Level, number>> = { info: 1, warning: 2, error: 3 };

interface Line {
  readonly level: Level;
  /** Its first word, in the colour of its level. */
  readonly word: string;
  readonly text: string;
}

function renderLine({ level, word, text }: Line, { detail, style }: SummaryOptions): string {
  const isShort = style.shortDigests && detail !== 'verbose';
  const told = oneLine(isShort ? shortenDigests(text) : text, Number.POSITIVE_INFINITY);
  const prefix = level === 'info' ? '' : `${level.toUpperCase().padEnd(7)} `;
  const wrapped = wrap(`${prefix}${word} ${told}`, style.columns, ' '.repeat(prefix.length || 4));
  return `${wrapped.replace(word, paint(word, level, style))}\n`;
}

function* bodyLines(report: Report, options: SummaryOptions): Generator<Line> {
  yield* options.detail === 'verbose' ? edgeLines(report, options) : imageLines(report, options);
  for (const cause of report.causes ?? []) yield { level: 'error', ...causeText(cause) };
  for (const finding of report.findings) {
    yield {
      level: finding.level === 'error' ? 'error' : 'warning',
      word: 'check',
      text: renderFindingLine(finding),
    };
  }
  for (const piece of report.mode === 'verify' ? (report.repair?.pieces ?? []) : []) {
    const [word = '', text = ''] = splitFirst(renderRepairLine(piece));
    yield { level: piece.outcome === 'failed' ? 'error' : 'info', word, text };
  }
  for (const { about, text } of advise(report)) {
    yield { level: 'info', word: `what to do about ${about}:`, text };
  }
}

function splitFirst(text: string): [string, string] {
  const space = text.indexOf(' ');
  return [text.slice(0, space), text.slice(space + 1)];
}

/** Every edge by itself. */
function* edgeLines({ items, mode }: Report, options: SummaryOptions): Generator<Line> {
  for (const item of foldConflicts<ReportItem>(items)) {
    const { destination, at, digest } = item;
    const level = levelOf(item, mode, options);
    const reason = plainReason(item);
    const because = reason === '' ? '' : `: ${reason}`;
    const source = 'source' in item && item.source !== null ? `${item.source} -> ` : '';
    const subject =
      destination === null ? at : `${source}${destination}${source === '' ? ` ${digest}` : ''}${asked(item)}`;
    const place = destination === null || at === '' ? '' : ` (${at})`;
    yield { level, word: resultIn(item, mode), text: `${subject}${because}${place}` };
  }
}

/** A line for each image and tag, writes first. */
function* imageLines(report: Report, options: SummaryOptions): Generator<Line> {
  const { images, malformed } = foldItems(report);
  const lines = images.flatMap((image) =>
    image.lines.map((line) => ({
      ...imageLine(image, line),
      level: levelOf(line.item, report.mode, options),
    })),
  );
  yield* lines.filter(({ level }) => level === 'info');
  for (const { at, decision, reason } of malformed) {
    yield { level: 'error', word: decision, text: `${at}: ${reason}` };
  }
  yield* lines.filter(({ level }) => level !== 'info');
}

/** `copied app:v1.0 sha256:… → 20 destinations`; a problem has its reason and place. */
function imageLine(image: FoldedImage<ItemLine>, line: ItemLine): Omit<Line, 'level'> {
  const { result, reason, item } = line;
  const place = item.at === '' ? '' : ` (${item.at})`;
  return { word: result, text: `${subjectOf(image, line)}${reason === '' ? '' : `: ${reason}${place}`}` };
}

/** The full name where it is one, else the image and the number of its destinations; the names of two with a problem. */
function subjectOf({ image, registries }: FoldedImage<ItemLine>, { tag, item, reason }: ItemLine): string {
  const [only, second, third] = registries;
  const name = (path: string) => (tag === null ? `${path}@${item.digest}` : `${path}:${tag} ${item.digest}`);
  if (only === undefined || second === undefined) return `${name(`${only}/${image}`)}${asked(item)}`;
  const isNamed = third === undefined && reason !== '';
  return `${name(image)} → ${isNamed ? `${only}, ${second}` : countOf(registries.length, 'destination')}`;
}

/** The name at the mirror. */
function asked(item: ReportItem): string {
  return 'asked' in item && item.asked !== null ? ` as ${item.asked}` : '';
}

/** Results that decide the exit code are errors. */
function levelOf(item: ReportItem, mode: Report['mode'], { allowLost }: SummaryOptions): Level {
  if (!needsAttention(item, mode)) return 'info';
  return item.decision === 'lost' && allowLost ? 'warning' : 'error';
}

function* tables(report: Report, { detail, style, exitCode }: SummaryOptions): Generator<string> {
  const hosts = summarizeHosts(report, { folded: detail === 'normal' });
  for (const table of [withoutZeros(decisionTable(report)), hosts]) {
    if (table.rows.length > 0) yield `\n${renderFacts(table, style.columns)}\n`;
  }
  yield '\n';
  if (report.mode === 'dry-run')
    yield `dry run: nothing was written${exitCode === 0 ? '; -confirm promotes' : ''}\n`;
}
