import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { oneLine } from '../base/text.ts';

/** One entry of an error body. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
export interface SpecError {
  readonly code: string;
  readonly message: string;
}

/** Nothing for the many registries that answer in plain text or HTML. */
export function parseErrors(body: Uint8Array): SpecError[] {
  const errors = parseJsonObject(body)?.['errors'];
  return Array.isArray(errors) ? errors.slice(0, MAX_ERRORS).filter(isObject).map(toSpecError) : [];
}

const MAX_ERRORS = 5;

function toSpecError({ code, message, detail }: JsonObject): SpecError {
  const more = detail === undefined || detail === null ? '' : ` (${oneLine(jsonOf(detail))})`;
  return { code: textOf(code), message: `${textOf(message)}${more}` };
}

/** JSON can be read to any depth, and not be written again. */
function jsonOf(detail: unknown): string {
  try {
    return JSON.stringify(detail);
  } catch {
    return 'a detail too deep to show';
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? oneLine(value) : '';
}
