import * as z from 'zod';
import { isObject, type JsonObject } from '../base/json.ts';
import { EDGE_DECISIONS } from '../plan/plan.ts';
import { assertShape, parseDocument } from './report-document.ts';
import { Count, countsOf, DigestText, RUN, Text, TRAFFIC } from './report-schema.ts';
import type { Report, ReportFinding, ReportItem } from './report.ts';

/** The report that a text is. Fields that are not known are kept. Throws a `ReportFormatError`. */
export function parseReport(text: string): Report {
  return asReport(parseDocument(text));
}

/** The report of a promotion that a document is. Throws a `ReportFormatError`. */
export function asReport(document: JsonObject): Report {
  return assertShape(document, PromotionReport);
}

const RESULTS = ['copied', 'failed', 'not-attempted'] as const;

/** Counts by decision; reports of versions without checks have none of blocked edges. */
function decisionsOf<Name extends string>(names: readonly Name[]) {
  return z.preprocess(
    (counts) => (isObject(counts) ? { ...counts, blocked: counts['blocked'] ?? 0 } : counts),
    countsOf(names),
  );
}

const Item: z.ZodType<ReportItem> = z.looseObject({
  decision: z.enum([...EDGE_DECISIONS, 'invalid']),
  source: Text.nullable(),
  destination: Text.nullable(),
  digest: Text.nullable(),
  outcome: z.enum([...RESULTS, 'present']),
  reason: Text,
  at: Text,
});

const Finding: z.ZodType<ReportFinding> = z.looseObject({
  rule: Text,
  level: z.enum(['warn', 'error']),
  message: Text,
  advice: Text.optional(),
  at: Text,
  edges: z.array(Text),
});

export const PromotionReport: z.ZodType<Report> = z.looseObject({
  ...RUN,
  mode: z.enum(['parse-only', 'dry-run', 'promotion']),
  plan: z.exactOptional(DigestText),
  summary: decisionsOf(['edges', ...EDGE_DECISIONS, 'invalid', ...RESULTS]),
  findings: z.array(Finding).default([]),
  items: z.array(Item),
  hosts: z.record(
    Text,
    z.looseObject({
      edges: decisionsOf(EDGE_DECISIONS),
      repositories: z.looseObject({ byListing: Count, byHead: Count }),
      ...TRAFFIC,
    }),
  ),
});
