import { CodedError } from '../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { oneLine, quote } from '../base/text.ts';
import { parseDigest } from '../image/digest.ts';

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
  if (document['version'] !== 1) {
    const found = JSON.stringify(document['version']) ?? 'none';
    throw new ReportFormatError(
      'version',
      `it is not a report of version 1: its "version" is ${oneLine(found)}`,
    );
  }
  return document;
}

/** Throws a `ReportFormatError` that names what is not as `shape` says. */
export function assertShape<T extends object>(
  document: JsonObject,
  shape: Shape<T>,
): asserts document is JsonObject & T {
  const flaw = fields(shape)(document);
  if (flaw === undefined) return;
  throw new ReportFormatError('shape', `it is not a report: ${quote(flaw.slice(1))} is missing or malformed`);
}

/** Undefined for a good value; for a bad one the way to what is bad in it: `.edges.copy`, or '' for all of it. */
export type Check = (value: unknown) => string | undefined;

/** A check for each field: a new one does not compile until it has its own. */
export type Shape<T> = Readonly<Record<keyof T, Check>>;

const verify =
  (isGood: (value: unknown) => boolean): Check =>
  (value) =>
    isGood(value) ? undefined : '';
export const text = verify((value) => typeof value === 'string');
export const textOrNull = verify((value) => typeof value === 'string' || value === null);
export const flag = verify((value) => typeof value === 'boolean');
export const count = verify((value) => Number.isSafeInteger(value) && Number(value) >= 0);
export const countOrNull: Check = (value) => (value === null ? undefined : count(value));
export const milliseconds = verify((value) => Number.isFinite(value));
export const time = verify((value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
export const digest = verify((value) => typeof value === 'string' && parseDigest(value) !== undefined);
export const oneOf = (values: readonly string[]) => verify((value) => values.some((one) => one === value));
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);
export const counts = (names: readonly string[]) =>
  fields(Object.fromEntries(names.map((name) => [name, count])));

export function fields(shape: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(shape);
  return (value) => {
    if (!isObject(value)) return '';
    for (const [name, check] of checks) {
      const flaw = check(value[name]);
      if (flaw !== undefined) return `.${name}${flaw}`;
    }
    return undefined;
  };
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const [index, item] of value.entries()) {
      const flaw = check(item);
      if (flaw !== undefined) return `[${index}]${flaw}`;
    }
    return undefined;
  };
}

export function valuesOf(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return '';
    for (const [name, one] of Object.entries(value)) {
      const flaw = check(one);
      if (flaw !== undefined) return `.${name}${flaw}`;
    }
    return undefined;
  };
}
