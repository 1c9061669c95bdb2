import type { ReportItem } from '../report.ts';

/** The parts of `repository:tag` or `repository@digest`. */
export interface EdgeName {
  readonly repository: string;
  /** Null for an edge without a tag. */
  readonly tag: string | null;
}

/** The inverse of `edgeId`. */
export function parseEdgeId(id: string): EdgeName {
  const at = id.lastIndexOf('@');
  if (at !== -1) return { repository: id.slice(0, at), tag: null };
  const colon = id.lastIndexOf(':');
  return { repository: id.slice(0, colon), tag: id.slice(colon + 1) };
}

/** The repository that an edge is read from; null where none is known. */
export function sourceOf(item: ReportItem): string | null {
  return 'source' in item && item.source !== null ? parseEdgeId(item.source).repository : null;
}

export function hostOfName(repository: string): string {
  return repository.slice(0, repository.indexOf('/'));
}

/** The result of a promotion's write; undefined for any other edge. */
export function resultOf(item: ReportItem): 'copied' | 'failed' | undefined {
  if (!('outcome' in item)) return undefined;
  return item.outcome === 'copied' || item.outcome === 'failed' ? item.outcome : undefined;
}
