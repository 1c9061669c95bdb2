import { foldConflicts } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';
import { type FoldableEdge, type FoldedImage, foldEdges } from './fold-edges.ts';
import { parseEdgeId, sourceOf } from './parse-edge-id.ts';
import { plainReason } from './plain-reason.ts';

/** The edges of one manifest entry with the same result. */
export interface ItemLine {
  /** The decision, or the result of a promotion's write. */
  readonly result: string;
  /** Null for an edge without a tag. */
  readonly tag: string | null;
  /** One of the edges. */
  readonly item: ReportItem;
  /** `plainReason`: empty for a write that needs no explanation. */
  readonly reason: string;
}

export interface FoldedItems {
  /** Without the edges of the report's causes: each cause is printed once. The journal of a killed run has none. */
  readonly images: readonly FoldedImage<ItemLine>[];
  readonly malformed: readonly ReportItem[];
}

/** The parts of a report that edges are folded from. */
export type ItemsOf = Pick<Report, 'mode' | 'causes'> & { readonly items: Iterable<ReportItem> };

/** The edges of a report by image, and its malformed entries, in one pass: iterating may create the items. */
export function foldItems({ items, mode, causes = [] }: ItemsOf): FoldedItems {
  const malformed: ReportItem[] = [];
  const images = foldEdges(
    foldable(foldConflicts<ReportItem>(items), {
      mode,
      malformed,
      causes: new Set(causes.map(({ id }) => id)),
    }),
  );
  return { images, malformed };
}

function* foldable(
  items: Iterable<ReportItem>,
  {
    mode,
    malformed,
    causes,
  }: {
    readonly mode: Report['mode'];
    readonly malformed: ReportItem[];
    readonly causes: ReadonlySet<string>;
  },
): Generator<FoldableEdge<ItemLine>> {
  for (const item of items) {
    if (item.destination === null) malformed.push(item);
    if (item.destination === null || causes.has(item.cause ?? '')) continue;
    const { repository, tag } = parseEdgeId(item.destination);
    const result = resultIn(item, mode);
    const name = repository.slice(repository.lastIndexOf('/'));
    const key = `${result} ${name} ${item.at} ${tag} ${item.digest} ${withoutRepository(item.reason, repository)}`;
    const makeLine = () => ({ result, tag, item, reason: plainReason(item) });
    yield { key, destination: repository, source: sourceOf(item), makeLine };
  }
}

/** A reason may name its destination: without the name, it is the same at every destination. */
export function withoutRepository(reason: string, repository: string): string {
  const host = repository.slice(0, repository.indexOf('/'));
  return reason.includes(host) ? reason.replaceAll(repository, '').replaceAll(host, '') : reason;
}

/** The outcome of a write; of any other edge, and in a dry run, the decision. */
export function resultIn(item: ReportItem, mode: Report['mode']): string {
  const isWritable = item.decision === 'copy' || item.decision === 'add-tag';
  return isWritable && mode === 'promotion' && 'outcome' in item ? item.outcome : item.decision;
}
