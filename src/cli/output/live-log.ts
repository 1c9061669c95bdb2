import { groupBy } from '../../base/maps.ts';
import { formatPosition } from '../../base/position.ts';
import { escapeLines, oneLine } from '../../base/text.ts';
import type { CopyEvents, EndedImage } from '../../copy/copy-events.ts';
import type { Outcome } from '../../copy/outcome.ts';
import { hostOf } from '../../image/repository.ts';
import { edgeId, isWritable, type Plan, type PlanItem } from '../../plan/plan.ts';
import type { LogLevel } from '../../ports/log.ts';
import { explainPlainly } from '../../report/explain-plainly.ts';
import { makePromotionItem } from '../../report/make-report.ts';
import { renderItemLine } from '../../report/render-text.ts';
import type { PromotionItem, PromotionMode } from '../../report/report.ts';
import { edgeFields } from './log-report-json.ts';
import { levelOf } from './log-report.ts';
import type { LineLog } from './logger.ts';

export interface LiveLogOptions {
  readonly log: LineLog;
  /** Lost images do not change the exit code. */
  readonly allowLost: boolean;
  /** Digests of 12 hex digits, for a terminal. */
  readonly shortDigests: boolean;
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

  /** A dry run refuses nothing: its plan is its result. */
  planned({ items }: Plan, { mode }: { readonly mode: PromotionMode }): void {
    if (mode !== 'promotion') return;
    const refused = items.filter((item) => !isWritable(item) && isRefusal(item));
    if (this.#log.format === 'text') return this.#refuse(refused);
    for (const item of refused) this.#writeItem(makePromotionItem(item, { outcome: undefined, mode }));
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

  /** A line for each image and reason; for unreadable edges a line for each host. */
  #refuse(items: readonly PlanItem[]): void {
    const shown = new Set<string>();
    const lines = items.flatMap((item) => {
      const reason = explainPlainly(item, (digest) => this.#digest(digest));
      const isRepeated = item.decision === 'conflict' && shown.has(edgeId(item));
      shown.add(edgeId(item));
      return isRepeated ? [] : [{ item, reason }];
    });
    const groups = groupBy(lines, ({ item, reason }) =>
      item.decision === 'unreadable'
        ? hostOf(item.destination)
        : `${item.destination} ${item.digest} ${reason}`,
    );
    for (const [key, [first, ...others]] of groups) {
      if (first === undefined) continue;
      const { item, reason } = first;
      const tags = [first, ...others].flatMap(({ item: { tag } }) => tag ?? []);
      const level = item.decision === 'lost' && this.#options.allowLost ? 'warning' : 'error';
      const place = item.at[0] === undefined ? '' : ` (${formatPosition(item.at[0])})`;
      if (item.decision !== 'unreadable') {
        this.#line(level, `refused ${this.#subject(item, tags)}: ${reason}${place}`);
      } else if (others.length === 0) this.#line(level, `unreadable ${edgeId(item)}: ${reason}${place}`);
      else this.#line(level, `unreadable ${key}: ${1 + others.length} edges: ${reason}`);
    }
  }

  #writeImage({ edges, durationMs, bytes }: EndedImage): void {
    const figures = [...(bytes > 0 ? [formatBytes(bytes)] : []), formatSeconds(durationMs)].join(', ');
    for (const [key, group] of groupBy(edges, ({ outcome }) => describe(outcome))) {
      const [first] = group;
      if (first === undefined) continue;
      const tags = group.flatMap(({ item: { tag } }) => tag ?? []);
      const subject = this.#subject(first.item, tags);
      if (first.outcome.result !== 'copied') this.#line('error', `failed ${subject}: ${key}`);
      else {
        const verb = first.item.decision === 'copy' ? 'copied' : 'tagged';
        this.#line('info', `${verb} ${subject} (${figures})${key}`);
      }
    }
  }

  #subject({ destination, digest }: PlanItem, tags: readonly string[]): string {
    const image = `${destination}@${this.#digest(digest)}`;
    return tags.length === 0 ? image : `${image}: ${tags.join(', ')}`;
  }

  #digest(digest: string): string {
    return this.#options.shortDigests ? digest.slice(0, digest.indexOf(':') + 13) : digest;
  }

  #line(level: LogLevel, text: string): void {
    this.#log.line(level, (now) => {
      const time = `${new Date(now).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`;
      return escapeLines(`${time} ${oneLine(text, Number.POSITIVE_INFINITY)}\n`);
    });
  }
}

/** True for an item that the log of a promotion has had while it ran. */
export function isLoggedLive(item: PromotionItem, mode: PromotionMode): boolean {
  if (mode !== 'promotion' || !isRefusal(item)) return false;
  const isToWrite = item.decision === 'copy' || item.decision === 'add-tag';
  return !isToWrite || item.outcome !== 'not-attempted';
}

/** False for edges that need nothing, and for those that were not read. */
function isRefusal({ decision }: Pick<PromotionItem, 'decision'>): boolean {
  return decision !== 'present' && decision !== 'not-attempted' && decision !== 'invalid';
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
