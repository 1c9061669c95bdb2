import type * as z from 'zod';
import { CodedError } from '../base/errors.ts';
import { type JsonObject, parseJsonObject } from '../base/json.ts';
import { oneLine, quote } from '../base/text.ts';

/** A text is not a report of this program that this version understands. */
export class ReportFormatError extends CodedError<'json' | 'version' | 'shape'> {}

/** The JSON object of a report of any kind, with nothing known but its version. Throws a `ReportFormatError`. */
export function parseDocument(text: string): JsonObject {
  const document = parseJsonObject(text);
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
  if (document['version'] !== 1) {
    const found = JSON.stringify(document['version']) ?? 'none';
    throw new ReportFormatError(
      'version',
      `it is not a report of version 1: its "version" is ${oneLine(found)}`,
    );
  }
  return document;
}

/** The report that a document is. Throws a `ReportFormatError` that names the first thing that is not as the schema says. */
export function assertShape<T>(document: JsonObject, schema: z.ZodType<T>): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path ?? [];
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  throw new ReportFormatError(
    'shape',
    `it is not a report: ${quote(place.slice(1))} is missing or malformed`,
  );
}
