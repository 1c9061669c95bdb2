import { CodedError } from '../base/errors.ts';
import { isObject, type JsonObject } from '../base/json.ts';

/** A signature or a part of it is malformed. */
export class FormatError extends CodedError<'signature-malformed'> {
  constructor(message: string) {
    super('signature-malformed', message);
  }
}

/** The nesting of provenance is about ten levels deep. */
const MAX_DEPTH = 64;

/**
 * The JSON object that some UTF-8 bytes are. Throws a `FormatError` for anything else, and for an object that has a key
 * twice: parsers disagree about its value, so another verifier could see other content under the same signature.
 */
export function parseStrictJson(bytes: Uint8Array, name: string): JsonObject {
  const text = decodeUtf8(bytes, name);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new FormatError(`${name} is not JSON`);
  }
  if (!isObject(document)) throw new FormatError(`${name} is not a JSON object`);
  checkKeys(text, name);
  return document;
}

/** The bytes of a text in standard base64, or undefined. One value has one spelling. */
export function decodeBase64(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(`${name} is not UTF-8`);
  }
}

/** Walks the tokens of valid JSON. An object on the stack is the set of its keys, a list is undefined. */
function checkKeys(text: string, name: string): void {
  const stack: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '{' || character === '[') {
      stack.push(character === '{' ? new Set() : undefined);
      if (stack.length > MAX_DEPTH) throw new FormatError(`${name} is nested more than ${MAX_DEPTH} deep`);
      isKeyNext = true;
    } else if (character === '}' || character === ']') {
      stack.pop();
    } else if (character === ',') {
      isKeyNext = true;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = stack.at(-1);
      if (isKeyNext && keys !== undefined) addKey(keys, text.slice(at, end + 1), name);
      isKeyNext = false;
      at = end;
    }
  }
}

function addKey(keys: Set<string>, token: string, name: string): void {
  const key = String(JSON.parse(token));
  if (keys.has(key)) throw new FormatError(`${name} has the key ${token.slice(0, 100)} twice`);
  keys.add(key);
}

/** The closing quote of the string that begins at an opening one. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
