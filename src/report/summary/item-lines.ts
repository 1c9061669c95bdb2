import { countOf } from '../../base/text.ts';
import { needsAttention } from '../exit-code.ts';
import { foldUnattempted } from '../fold-unattempted.ts';
import { foldConflicts } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';
import { causeText } from './cause-text.ts';
import type { FoldedImage } from './fold-edges.ts';
import { foldItems, type ItemLine, resultIn } from './fold-items.ts';
import { plainReason } from './plain-reason.ts';
import type { Level } from './style.ts';

export interface ItemLineOptions {
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  /** `quiet`: problems only; `verbose`: every edge, with full digests. */
  readonly detail: 'quiet' | 'normal' | 'verbose';
}

export interface Line {
  readonly level: Level;
  /** Its first word, in the colour of its level. */
  readonly word: string;
  readonly text: string;
}

/** A line for each image and tag, except for edges with a cause; with `verbose` a line for every edge. */
export function itemLines(report: Report, options: ItemLineOptions): Iterable<Line> {
  return options.detail === 'verbose' ? edgeLines(report, options) : imageLines(report, options);
}

/** A line for each cause. */
export function causeLines({ causes = [] }: Pick<Report, 'causes'>): readonly Line[] {
  return causes.map((cause) => ({ level: 'error', ...causeText(cause) }));
}

function* edgeLines({ items, mode }: Report, options: ItemLineOptions): Generator<Line> {
  for (const item of foldConflicts<ReportItem>(items)) yield edgeLine(item, { ...options, mode });
}

export function edgeLine(
  item: ReportItem,
  { mode, allowLost }: Pick<ItemLineOptions, 'allowLost'> & { readonly mode: Report['mode'] },
): Line {
  const { destination, at, digest } = item;
  const reason = plainReason(item);
  const because = reason === '' ? '' : `: ${reason}`;
  const source = 'source' in item && item.source !== null ? `${item.source} -> ` : '';
  const subject =
    destination === null ? at : `${source}${destination}${source === '' ? ` ${digest}` : ''}${asked(item)}`;
  const place = destination === null || at === '' ? '' : ` (${at})`;
  const text = `${subject}${because}${place}`;
  return { level: levelOf(item, mode, { allowLost }), word: resultIn(item, mode), text };
}

/** Results first, then problems. Edges that were not attempted are one line for each host. */
function* imageLines(report: Report, options: ItemLineOptions): Generator<Line> {
  const { attempted: items, lines: unattempted } = foldUnattempted<ReportItem>(report.items, report.mode);
  const { images, malformed, audited } = foldItems({ ...report, items });
  const lines = [
    ...images.flatMap((image) => image.lines.map((line) => ({ ...imageLine(image, line), item: line.item }))),
    ...audited.map(({ item, text }) => ({ word: item.decision, text, item })),
  ].map(({ item, ...line }) => ({ ...line, level: levelOf(item, report.mode, options) }));
  yield* lines.filter(({ level }) => level === 'info');
  for (const { at, decision, reason } of malformed) {
    yield { level: 'error', word: decision, text: `${at}: ${reason}` };
  }
  yield* lines.filter(({ level }) => level !== 'info');
  for (const text of unattempted) yield { level: 'error', word: 'not attempted', text };
}

/** `copied app:v1.0 sha256:… → 20 destinations`; a problem has its reason and place. */
function imageLine(image: FoldedImage<ItemLine>, line: ItemLine): Omit<Line, 'level'> {
  const { result, reason, item } = line;
  const place = item.at === '' ? '' : ` (${item.at})`;
  return { word: result, text: `${subjectOf(image, line)}${reason === '' ? '' : `: ${reason}${place}`}` };
}

/** One destination is named, and so are two with a problem. More are counted. */
function subjectOf({ image, registries }: FoldedImage<ItemLine>, { tag, item, reason }: ItemLine): string {
  const [only, second, third] = registries;
  const name = (path: string) => (tag === null ? `${path}@${item.digest}` : `${path}:${tag} ${item.digest}`);
  if (only === undefined || second === undefined) return `${name(`${only}/${image}`)}${asked(item)}`;
  const isNamed = third === undefined && reason !== '';
  return `${name(image)} → ${isNamed ? `${only}, ${second}` : countOf(registries.length, 'destination')}`;
}

/** The name at the mirror that was queried. */
function asked(item: ReportItem): string {
  return 'asked' in item && item.asked !== null ? ` as ${item.asked}` : '';
}

/** Items that make a run fail are errors. */
export function levelOf(
  item: ReportItem,
  mode: Report['mode'],
  { allowLost }: Pick<ItemLineOptions, 'allowLost'>,
): Level {
  if (!needsAttention(item, mode)) return 'info';
  return item.decision === 'lost' && allowLost ? 'warning' : 'error';
}
