import { isObject, type JsonObject } from '../../base/json.ts';

/** A field that is a text with something in it, or undefined. */
export function textOf(json: JsonObject, field: string): string | undefined {
  const value = json[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const SECRET_FIELDS: ReadonlySet<string> = new Set(['private_key', 'refresh_token', 'client_secret']);

/** What must not be repeated of a credentials file, at any depth. */
export function secretsIn(json: JsonObject): readonly string[] {
  return Object.entries(json).flatMap(([field, value]) => {
    if (isObject(value)) return secretsIn(value);
    return typeof value === 'string' && SECRET_FIELDS.has(field) ? [value] : [];
  });
}
