import { countOf } from '../../base/text.ts';
import { foldAudit } from '../audit/fold-audit.ts';
import { needsAttention } from '../exit-code.ts';
import { renderItemLine, withAdvice } from '../render-text.ts';
import type { Report, ReportItem } from '../report.ts';

/** A result that is shown at its place in a file: an annotation, or a result of code scanning. */
export interface Remark {
  /** The name of a rule, or a decision. */
  readonly rule: string;
  readonly level: 'warn' | 'error';
  /** One line, with the remedy. */
  readonly message: string;
  /** Undefined for a result about the whole run. */
  readonly at: Place | undefined;
}

export interface Place {
  /** Relative to the top of the repository, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The path of a file of the manifests, relative to the top of the repository. */
export type PathInRepository = (file: string) => string;

/** Edges that an annotation explains. Blocked ones have a finding, and unreadable ones no fault in a file. */
const REMARKABLE: ReadonlySet<string> = new Set([
  'tag-move',
  'lost',
  'conflict',
  'invalid',
  'missing',
  'different',
]);

/** The findings of a report, then its items; the items of one entry, or of one line of an audit, are one remark. */
export function remarksOf(
  report: Pick<Report, 'findings'> & { readonly items: Iterable<ReportItem> },
  pathOf: PathInRepository,
): readonly Remark[] {
  const findings = report.findings.map(
    (finding): Remark => ({
      rule: finding.rule,
      level: finding.level,
      message: withAdvice(finding),
      at: placeOf(finding.at, pathOf),
    }),
  );
  return [...findings, ...remarksOfItems(report.items, pathOf), ...remarksOfAudit(report.items, pathOf)];
}

function remarksOfItems(items: Iterable<ReportItem>, pathOf: PathInRepository): readonly Remark[] {
  const folded = new Map<string, { readonly item: ReportItem; more: number }>();
  for (const item of items) {
    if (!REMARKABLE.has(item.decision) || 'uploaded' in item) continue;
    const key = `${item.decision} ${item.at}`;
    const known = folded.get(key);
    if (known === undefined) folded.set(key, { item, more: 0 });
    else known.more += 1;
  }
  return Array.from(folded.values(), ({ item, more }) => ({
    rule: item.decision,
    level: 'error',
    message: `${renderItemLine({ ...item, at: item.destination === null ? item.at : '' })}${more === 0 ? '' : `, and ${countOf(more, 'edge')} more`}`,
    at: placeOf(item.at, pathOf),
  }));
}

function remarksOfAudit(items: Iterable<ReportItem>, pathOf: PathInRepository): readonly Remark[] {
  const own = Array.from(items).flatMap((item) =>
    'uploaded' in item && item.destination !== null && needsAttention(item, 'audit') ? [item] : [],
  );
  return foldAudit(own).map(({ item, text }) => ({
    rule: item.decision,
    level: 'error',
    message: text,
    at: placeOf(item.at, pathOf),
  }));
}

/** Parses `file:line:column`. */
function placeOf(text: string, pathOf: PathInRepository): Place | undefined {
  const [, file, line, column] = /^(.+):(\d+):(\d+)$/.exec(text) ?? [];
  return file === undefined ? undefined : { file: pathOf(file), line: Number(line), column: Number(column) };
}
