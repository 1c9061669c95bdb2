import * as z from 'zod';
import type { JsonObject } from '../../base/json.ts';
import { assertShape } from '../../report/report-document.ts';
import { Count, countsOf, RUN, Text, TRAFFIC } from '../../report/report-schema.ts';
import { type RepairItem, VERDICTS, type Verification, type VerificationItem } from './verification.ts';

/** True for the report of a verification, sound or not. */
export function isOfVerification(document: JsonObject): boolean {
  return document['mode'] === MODE;
}

/** The report of a verification that a document is. Throws a `ReportFormatError`. */
export function asVerification(document: JsonObject): Verification {
  return assertShape(document, VerificationReport);
}

const MODE: Verification['mode'] = 'verify';

const Item: z.ZodType<VerificationItem> = z.looseObject({
  verdict: z.enum([...VERDICTS, 'invalid']),
  destination: Text.nullable(),
  digest: Text.nullable(),
  asked: Text.nullable(),
  found: Text.nullable(),
  reason: Text,
  at: Text,
});

const Piece: z.ZodType<RepairItem> = z.looseObject({
  repository: Text,
  piece: z.enum(['blob', 'manifest']),
  digest: Text,
  size: Count.nullable(),
  condition: z.enum(['sound', 'missing', 'damaged']),
  from: Text.nullable(),
  outcome: z.enum(['sent', 'failed', 'not-attempted']),
  reason: Text,
});

export const VerificationReport: z.ZodType<Verification> = z.looseObject({
  ...RUN,
  mode: z.literal(MODE),
  deep: z.boolean(),
  via: Text.nullable(),
  summary: countsOf(['edges', ...VERDICTS, 'invalid']),
  items: z.array(Item),
  repair: z.exactOptional(z.looseObject({ confirmed: z.boolean(), pieces: z.array(Piece) })),
  hosts: z.record(Text, z.looseObject({ edges: countsOf(VERDICTS), ...TRAFFIC })),
});
