/** A JSON object whose fields have not been looked at yet. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object that a text or some UTF-8 bytes are, or undefined: foreign text is never trusted to be one. */
export function parseJsonObject(text: string | Uint8Array): JsonObject | undefined {
  try {
    const document: unknown = JSON.parse(typeof text === 'string' ? text : decode(text));
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Decodes the bytes where they are: a listing has megabytes. */
function decode({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
}

/** A field that is a text with something in it, or undefined. */
export function textOf(json: JsonObject, field: string): string | undefined {
  const value = json[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
