import { formatPosition } from '../base/position.ts';
import { compareText } from '../base/sorted.ts';
import type { Finding } from '../checks/rule.ts';
import type { ReportFinding } from './envelope.ts';

/** Findings in the form of reports, sorted. */
export function makeFindings(findings: readonly Finding[]): readonly ReportFinding[] {
  return sortFindings(
    findings.map(({ at, edges, ...finding }) => ({
      ...finding,
      at: at === undefined ? '' : formatPosition(at),
      edges: edges.toSorted(),
    })),
  );
}

/** The findings of all shards: equal findings become one, with the edges of all of them. */
export function mergeFindings(findings: Iterable<ReportFinding>): readonly ReportFinding[] {
  const merged = new Map<string, ReportFinding>();
  for (const finding of findings) {
    const key = JSON.stringify({ ...finding, edges: [] });
    const edges = new Set([...(merged.get(key)?.edges ?? []), ...finding.edges]);
    merged.set(key, { ...finding, edges: Array.from(edges).toSorted() });
  }
  return sortFindings(Array.from(merged.values()));
}

/** By file, line and column, then by rule and message; findings without a position come first. */
function sortFindings(findings: readonly ReportFinding[]): readonly ReportFinding[] {
  return findings
    .map((finding) => ({ finding, place: placeOf(finding.at) }))
    .toSorted(
      (a, b) =>
        compareText(a.place.file, b.place.file) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column ||
        compareText(a.finding.rule, b.finding.rule) ||
        compareText(a.finding.message, b.finding.message),
    )
    .map(({ finding }) => finding);
}

/** The inverse of `formatPosition`. */
function placeOf(at: string): { file: string; line: number; column: number } {
  const [, file = at, line = 0, column = 0] = /^(.*):(\d+):(\d+)$/.exec(at) ?? [];
  return { file, line: Number(line), column: Number(column) };
}
