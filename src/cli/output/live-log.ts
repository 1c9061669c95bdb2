import { filtered } from '../../base/iterables.ts';
import { groupBy } from '../../base/maps.ts';
import { oneLine } from '../../base/text.ts';
import type { CopyEvents, EndedEdge, EndedImage } from '../../copy/copy-events.ts';
import type { Outcome } from '../../copy/outcome.ts';
import { makePromotionItem } from '../../report/make-report.ts';
import { renderItemLine } from '../../report/render-text.ts';
import type { PromotionItem, Report, RunReport } from '../../report/report.ts';
import {
  causeLines,
  edgeLine,
  type ItemLineOptions,
  itemLines,
  levelOf,
  type Line,
} from '../../report/summary/item-lines.ts';
import { paint, shortenDigests, type Style } from '../../report/summary/style.ts';
import { edgeFields } from './log-report-json.ts';
import type { LineLog } from './logger.ts';

export interface LiveLogOptions extends ItemLineOptions {
  readonly log: LineLog;
  readonly style: Style;
}

/** Bytes that a slow reader of stderr may leave unread before lines are left out. */
const MAX_BACKLOG = 4 * 1024 * 1024;

/**
 * The log of a promotion while it runs: the refused edges before the first write, then a line for each image at each
 * destination repository. Edges that are not attempted are left to the end: `isLoggedLive`.
 */
export class LiveLog implements Pick<CopyEvents, 'imageEnded'> {
  readonly #log: LineLog;
  readonly #options: LiveLogOptions;
  #leftOut = 0;

  constructor(options: LiveLogOptions) {
    this.#log = options.log;
    this.#options = options;
  }

  /** Logs the edges that will not be written. A dry run logs all edges at its end. */
  planned(report: RunReport): void {
    const { mode } = report;
    if (mode !== 'promotion') return;
    const items = filtered(report.items, (item) => !isWrite(item) && isLoggedLive(item, mode));
    if (this.#log.format !== 'text') {
      for (const item of items) this.#writeItem(item);
      return;
    }
    for (const line of itemLines({ ...report, items }, this.#options)) this.#line(line);
    for (const line of causeLines(report)) this.#line(line);
  }

  imageEnded(image: EndedImage): void {
    const edges = image.edges.filter(({ outcome }) => outcome.result !== 'not-attempted');
    if (edges.length === 0 || !this.#hasRoom(edges.length)) return;
    if (this.#log.format === 'text') return this.#writeImage({ ...image, edges });
    let { bytes } = image;
    for (const { item, outcome } of edges) {
      const durationMs = Math.round(image.durationMs);
      this.#writeItem(makePromotionItem(item, { outcome, mode: 'promotion' }), { durationMs, bytes });
      bytes = 0; // a sum over all edges counts them once
    }
  }

  /** Says how many lines are missing, if any are. */
  close(): void {
    if (this.#leftOut === 0) return;
    this.#log.write('warning', 'log lines left out: stderr is read too slowly', { edges: this.#leftOut });
    this.#leftOut = 0;
  }

  #hasRoom(edges: number): boolean {
    if (this.#log.backlog() > MAX_BACKLOG) {
      this.#leftOut += edges;
      return false;
    }
    this.close();
    return true;
  }

  #writeItem(item: PromotionItem, figures: { durationMs?: number; bytes?: number } = {}): void {
    const level = levelOf(item, 'promotion', this.#options);
    if (this.#log.format === 'json') this.#log.write(level, 'edge', { ...edgeFields(item), ...figures });
    else this.#log.write(level, renderItemLine(item));
  }

  #writeImage(image: EndedImage): void {
    const { edges, durationMs, bytes } = image;
    const figures = `(${[...(bytes > 0 ? [formatBytes(bytes)] : []), formatSeconds(durationMs)].join(', ')})`;
    if (this.#options.detail === 'verbose') return this.#writeEdges(edges, figures);
    for (const [reason, group] of groupBy(edges, ({ outcome }) => describe(outcome))) {
      const [first] = group;
      if (first === undefined) continue;
      const tags = group.flatMap(({ item: { tag } }) => tag ?? []).join(', ');
      const subject = `${image.destination}@${image.digest}${tags === '' ? '' : `: ${tags}`}`;
      if (first.outcome.result !== 'copied') {
        this.#line({ level: 'error', word: 'failed', text: `${subject}: ${reason}` });
      } else {
        const word = first.item.decision === 'copy' ? 'copied' : 'tagged';
        this.#line({ level: 'info', word, text: `${subject} ${figures}${reason}` });
      }
    }
  }

  #writeEdges(edges: readonly EndedEdge[], figures: string): void {
    const mode = 'promotion';
    for (const { item, outcome } of edges) {
      const line = edgeLine(makePromotionItem(item, { outcome, mode }), { ...this.#options, mode });
      this.#line(line.level === 'info' ? { ...line, text: `${line.text} ${figures}` } : line);
    }
  }

  #line(line: Line): void {
    writeLive(line, this.#options);
  }
}

/** Logs a line for people with the time, and its level unless that is `info`. */
export function writeLive(
  { level, word, text }: Line,
  { log, style, detail }: Omit<LiveLogOptions, 'allowLost'>,
): void {
  if (level === 'info' && detail === 'quiet') return;
  const shown = style.shortDigests && detail !== 'verbose' ? shortenDigests(text) : text;
  const prefix = level === 'info' ? '' : `${level.toUpperCase()} `;
  log.line(level, (now) => {
    const time = `${new Date(now).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`;
    return `${time} ${prefix}${paint(word, level, style)} ${oneLine(shown, Number.POSITIVE_INFINITY)}\n`;
  });
}

/** True for an item that a promotion logs while it runs. */
export function isLoggedLive(item: PromotionItem, mode: Report['mode']): boolean {
  if (mode !== 'promotion') return false;
  if (isWrite(item)) return item.outcome !== 'not-attempted';
  return !LOGGED_AT_END.has(item.decision);
}

/** Edges that need nothing, edges that were not read, and malformed entries. */
const LOGGED_AT_END: ReadonlySet<string> = new Set(['present', 'not-attempted', 'invalid']);

function isWrite({ decision }: PromotionItem): boolean {
  return decision === 'copy' || decision === 'add-tag';
}

/** The reason of a failure, or the siblings that content came from. */
function describe(outcome: Outcome): string {
  if (outcome.result !== 'copied') return outcome.reason;
  return outcome.siblings === undefined ? '' : `, with content of ${outcome.siblings.join(', ')}`;
}

function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
