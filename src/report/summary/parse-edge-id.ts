import type { ReportItem } from '../report.ts';

/** The parts of an edge id: `repository:tag`, or `repository@digest` without a tag. Of a repository alone: its name. */
interface EdgeName {
  readonly repository: string;
  readonly tag: string | null;
}

/** The inverse of `edgeId`. */
export function parseEdgeId(id: string): EdgeName {
  const at = id.lastIndexOf('@');
  if (at !== -1) return { repository: id.slice(0, at), tag: null };
  const colon = id.indexOf(':', id.lastIndexOf('/'));
  if (colon === -1) return { repository: id, tag: null };
  return { repository: id.slice(0, colon), tag: id.slice(colon + 1) };
}

/** The source repository of an edge; null if none is known. */
export function sourceOf(item: ReportItem): string | null {
  return 'source' in item && item.source !== null ? parseEdgeId(item.source).repository : null;
}

/** A reason may name its destination: without the name, it is the same at every destination. */
export function withoutRepository(reason: string, repository: string): string {
  const host = repository.slice(0, repository.indexOf('/'));
  return reason.includes(host) ? reason.replaceAll(repository, '').replaceAll(host, '') : reason;
}
