import { lazily } from '../../base/iterables.ts';
import { needsAttention } from '../exit-code.ts';
import { foldConflicts } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';
import { type FoldableEdge, type FoldedImage, foldEdges } from './fold-edges.ts';
import { parseEdgeId, sourceOf } from './item-parts.ts';
import { plainReason } from './plain-reason.ts';

/** The edges of one manifest entry with the same result. */
export interface ItemLine {
  /** The decision, or the result of a promotion's write. */
  readonly result: string;
  /** Null for an edge without a tag. */
  readonly tag: string | null;
  /** One of the edges. */
  readonly item: ReportItem;
  /** In the words for people; empty for an ordinary write. */
  readonly reason: string;
}

export interface FoldedItems {
  /** Without the edges of causes, which the report tells once. */
  readonly images: readonly FoldedImage<ItemLine>[];
  readonly malformed: readonly ReportItem[];
}

interface ItemsOf {
  readonly items: Iterable<ReportItem>;
  readonly mode: Report['mode'];
}

/** The edges of a report by image, and its malformed entries: one pass, because items may be made for it. */
export function foldItems({ items, mode }: ItemsOf): FoldedItems {
  const malformed: ReportItem[] = [];
  const images = foldEdges(lazily(() => foldable(foldConflicts<ReportItem>(items), { mode, malformed })));
  return { images, malformed };
}

function* foldable(
  items: Iterable<ReportItem>,
  { mode, malformed }: { readonly mode: Report['mode']; readonly malformed: ReportItem[] },
): Generator<FoldableEdge<ItemLine>> {
  for (const item of items) {
    if (item.destination === null) malformed.push(item);
    if (item.destination === null || item.cause !== undefined) continue;
    const { repository, tag } = parseEdgeId(item.destination);
    const result = resultIn(item, mode);
    const key = `${result} ${item.at} ${tag} ${item.digest} ${withoutRepository(item.reason, repository)}`;
    const makeLine = () => ({ result, tag, item, reason: plainReason(item) });
    yield { key, destination: repository, source: sourceOf(item), makeLine };
  }
}

/** The reasons of edges that differ in their destination alone are equal without it. */
export function withoutRepository(reason: string, repository: string): string {
  const host = repository.slice(0, repository.indexOf('/'));
  return reason.includes(host) ? reason.replaceAll(repository, '').replaceAll(host, '') : reason;
}

/** A dry run writes nothing: its decisions are its results. */
export function resultIn(item: ReportItem, mode: Report['mode']): string {
  const isWritable = item.decision === 'copy' || item.decision === 'add-tag';
  return isWritable && mode === 'promotion' && 'outcome' in item ? item.outcome : item.decision;
}

/** True for a line that needs attention. */
export function isProblem({ item }: ItemLine, mode: Report['mode']): boolean {
  return needsAttention(item, mode);
}
