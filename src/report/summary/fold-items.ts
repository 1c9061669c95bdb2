import { type AuditLine, foldAudit } from '../audit/fold-audit.ts';
import type { AuditItem } from '../audit/audit.ts';
import { foldConflicts } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';
import { type FoldableEdge, type FoldedImage, foldEdges } from './fold-edges.ts';
import { parseEdgeId, sourceOf, withoutRepository } from './parse-edge-id.ts';
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
  /** The lines of an audit, which folds the results of each repository: it has no `images`. */
  readonly audited: readonly AuditLine[];
}

/** The parts of a report that edges are folded from. */
export type ItemsOf = Pick<Report, 'mode' | 'causes'> & { readonly items: Iterable<ReportItem> };

/** The edges of a report by image, and its malformed entries, in one pass: iterating may create the items. */
export function foldItems({ items, mode, causes = [] }: ItemsOf): FoldedItems {
  const malformed: ReportItem[] = [];
  const audited: AuditItem[] = [];
  const images = foldEdges(
    foldable(foldConflicts<ReportItem>(items), {
      mode,
      malformed,
      audited,
      causes: new Set(causes.map(({ id }) => id)),
    }),
  );
  return { images, malformed, audited: foldAudit(audited) };
}

function* foldable(
  items: Iterable<ReportItem>,
  {
    mode,
    malformed,
    audited,
    causes,
  }: {
    readonly mode: Report['mode'];
    readonly malformed: ReportItem[];
    readonly audited: AuditItem[];
    readonly causes: ReadonlySet<string>;
  },
): Generator<FoldableEdge<ItemLine>> {
  for (const item of items) {
    if (item.destination === null) malformed.push(item);
    if (item.destination === null || causes.has(item.cause ?? '')) continue;
    if ('uploaded' in item) {
      audited.push(item);
      continue;
    }
    const { repository, tag } = parseEdgeId(item.destination);
    const result = resultIn(item, mode);
    const name = repository.slice(repository.lastIndexOf('/'));
    const key = `${result} ${name} ${item.at} ${tag} ${item.digest} ${withoutRepository(item.reason, repository)}`;
    const makeLine = () => ({ result, tag, item, reason: plainReason(item) });
    yield { key, destination: repository, source: sourceOf(item), makeLine };
  }
}

/** The outcome of a write; of any other edge, and in a dry run, the decision. */
export function resultIn(item: ReportItem, mode: Report['mode']): string {
  const isWritable = item.decision === 'copy' || item.decision === 'add-tag';
  return isWritable && mode === 'promotion' && 'outcome' in item ? item.outcome : item.decision;
}
