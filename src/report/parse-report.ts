import type * as z from 'zod';
import { CodedError } from '../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { oneLine, quote } from '../base/text.ts';
import { isJournal, readJournal } from './journal.ts';
import type { Audit as AuditReport } from './audit/audit.ts';
import type { SignatureCheck as SignatureCheckReport } from './sigcheck/sigcheck.ts';
import {
  Audit,
  AuditItem,
  PromotionItem,
  PromotionReport,
  SigcheckItem,
  SignatureCheck,
  Verification,
  VerificationItem,
} from './report-schema.ts';
import type * as reports from './report.ts';

/** A text is not a report that this version of the program can read. */
export class ReportFormatError extends CodedError<'json' | 'version' | 'shape'> {}

/**
 * The report in a text, whatever its kind; a journal gives that of a killed run. A verification of version 1 becomes one of version 2; unknown fields are kept.
 * Throws a `ReportFormatError`.
 */
export function parseReport(
  text: string,
): reports.PromotionReport | reports.Verification | AuditReport | SignatureCheckReport {
  const document = isJournal(text) ? readJournal(text) : parseJsonObject(text);
  if (document === undefined)
    throw new ReportFormatError(
      'json',
      'it is not a JSON object, which a report is: was the run killed while it wrote it?',
    );
  if (document['format'] === 'cip-plan') {
    throw new ReportFormatError(
      'shape',
      'it is a plan file, not a report: cip apply FILE -report=FILE writes one',
    );
  }
  if (document['mode'] === 'audit') {
    refuseVersion(document['version'], [1]);
    return assertReport(document, { head: Audit, item: AuditItem });
  }
  if (document['mode'] === 'sigcheck') {
    refuseVersion(document['version'], [1]);
    return assertReport(document, { head: SignatureCheck, item: SigcheckItem });
  }
  const isVerification = document['mode'] === 'verify';
  refuseVersion(document['version'], isVerification ? [1, 2] : [1]);
  return isVerification
    ? assertReport(upgradeVerification(document), { head: Verification, item: VerificationItem })
    : assertReport(document, { head: PromotionReport, item: PromotionItem });
}

function refuseVersion(version: unknown, known: readonly number[]): void {
  if (known.some((one) => one === version)) return;
  const found = oneLine(JSON.stringify(version) ?? 'none');
  throw new ReportFormatError(
    'version',
    `it is not a report of version ${known.join(' or ')}: its "version" is ${found}: use the version of cip that wrote it`,
  );
}

/** Version 1 had `verdict` in place of `decision`, and no findings. */
function upgradeVerification(document: JsonObject): JsonObject {
  const { version, items } = document;
  if (version !== 1 || !Array.isArray(items)) return document;
  const upgraded = items.map((item: unknown) => {
    if (!isObject(item)) return item;
    const { verdict: decision, ...rest } = item;
    return { decision, ...rest };
  });
  return { findings: [], ...document, version: 2, items: upgraded };
}

/** Items are checked one by one and kept as they are: a copy of 720,000 of them takes memory. */
function assertReport<Item, R extends { readonly items: readonly Item[] }>(
  document: JsonObject,
  { head, item }: { readonly head: z.ZodType<R>; readonly item: z.ZodType<Item> },
): R {
  const { items } = document;
  if (!Array.isArray(items)) return assertShape(document, head, []);
  const report = assertShape({ ...document, items: [] }, head, []);
  assertItems(items, item);
  return { ...report, items };
}

function assertItems<Item>(
  items: readonly unknown[],
  schema: z.ZodType<Item>,
): asserts items is readonly Item[] {
  for (const [index, item] of items.entries()) assertShape(item, schema, ['items', index]);
}

function assertShape<T>(value: unknown, schema: z.ZodType<T>, place: readonly PropertyKey[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const path = [...place, ...(result.error.issues[0]?.path ?? [])];
  const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  throw new ReportFormatError('shape', `it is not a report: ${quote(name.slice(1))} is missing or malformed`);
}
