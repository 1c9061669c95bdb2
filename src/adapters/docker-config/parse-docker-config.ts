import { CodedError } from '../../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { quote, trimEndOf } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { placeOfKey } from './entry-key.ts';
import { findJsonError } from './json-error.ts';

/** The credentials of docker's config.json, or of podman's auth.json. */
export interface DockerConfig {
  /** By place; for a malformed entry, the error to throw when it is used. */
  readonly credentials: ReadonlyMap<string, Credential | DockerConfigError>;
  /** Names of helper programs, by host; an empty name means no helper, not even the store. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for every other host. */
  readonly store: string | undefined;
}

/**
 * The credentials of a config.json. Throws `malformed`, without any content of the file.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function parseDockerConfig(text: string, file: string): DockerConfig {
  const document = parseJson(text, file);
  const where = (name: string) => `${file}: ${quote(name)}`;
  return {
    credentials: byPlace(objectIn(document, 'auths', file), (entry, key) =>
      parseEntry(entry, `${file}: auths ${quote(key)}`),
    ),
    helpers: byPlace(objectIn(document, 'credHelpers', file), (helper, key) =>
      expectText(helper, `${where('credHelpers')}: ${quote(key)}`),
    ),
    store: expectText(document['credsStore'], where('credsStore')) || undefined,
  };
}

function objectIn(document: JsonObject, name: string, file: string): JsonObject {
  const value = document[name] ?? {};
  if (isObject(value)) return value;
  throw new DockerConfigError(
    'malformed',
    `${file}: expected "${name}" to be a JSON object, got ${kindOf(value)}`,
  );
}

function expectText(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new DockerConfigError('malformed', `${where}: expected the name of a helper, got ${kindOf(value)}`);
}

/** Never the value: it may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/** The parsed fields of an object, by the place of their keys; without the undefined ones. */
function byPlace<Value>(
  fields: JsonObject,
  parse: (field: unknown, key: string) => Value | undefined,
): Map<string, Value> {
  const placed = Object.entries(fields).map(([key, field]) => ({
    ...placeOfKey(key),
    value: parse(field, key),
  }));
  const isEmpty = ({ value }: { readonly value: Value | undefined }) => Number(value === undefined);
  const bestLast = placed.toSorted((a, b) => b.rank - a.rank || isEmpty(b) - isEmpty(a));
  const best = new Map(bestLast.map(({ place, value }) => [place, value]));
  return new Map(Array.from(best).flatMap(([place, value]) => (value === undefined ? [] : [[place, value]])));
}

function parseEntry(entry: unknown, where: string): Credential | DockerConfigError | undefined {
  if (entry === null) return undefined;
  if (!isObject(entry)) return malformed(`${where}: expected a JSON object, got ${kindOf(entry)}`);
  const wrong = FIELDS.find((name) => !['string', 'undefined'].includes(typeof (entry[name] ?? undefined)));
  if (wrong !== undefined)
    return malformed(`${where}: expected ${wrong} to be a text, got ${kindOf(entry[wrong])}`);
  const { auth, username, password, identitytoken, registrytoken } = entry;
  if (isText(identitytoken)) return { kind: 'identity-token', token: identitytoken };
  if (isText(registrytoken)) return { kind: 'registry-token', token: registrytoken };
  if (isText(username) && isText(password)) return { kind: 'basic', username, password };
  if (!isText(auth)) return undefined; // `docker login` leaves an empty entry where a helper has the secret
  const decoded = trimEndOf(Buffer.from(auth, 'base64').toString('utf8'), '\0');
  const colon = decoded.indexOf(':');
  if (colon < 1) return malformed(`${where}: auth is not base64 of user:password`);
  return { kind: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

const FIELDS = ['auth', 'username', 'password', 'identitytoken', 'registrytoken'];

function malformed(message: string): DockerConfigError {
  return new DockerConfigError('malformed', message);
}

function parseJson(text: string, file: string): JsonObject {
  const json = text.replace(/^\uFEFF/, ''); // a byte order mark, from editors of Windows
  const document = parseJsonObject(json);
  if (document !== undefined) return document;
  throw malformed(`${file}: expected a JSON object, as docker login writes it, ${describeJsonError(json)}`);
}

function describeJsonError(json: string): string {
  if (json.trim() === '') return 'got an empty file: {} has no credentials';
  const offset = findJsonError(json);
  if (offset === undefined) return 'got JSON of another kind';
  const before = json.slice(0, offset).split('\n');
  return `got invalid JSON from line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1} on`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The reason why configured credentials are not available. Never quotes them. */
export class DockerConfigError extends CodedError<'unreadable' | 'malformed' | 'helper-failed'> {}
