import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './docker-config-error.ts';
import { placeOfKey } from './entry-key.ts';

/** What docker's config.json, or podman's auth.json, says of credentials. */
export interface DockerConfig {
  /** By place; an entry that is malformed is the error to throw when somebody needs it. */
  readonly credentials: ReadonlyMap<string, Credential | DockerConfigError>;
  /** Names of helper programs, by host; an empty one means that this host has none, not even the store. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for every other host. */
  readonly store: string | undefined;
}

/**
 * The credentials of a config.json. Throws `malformed`, and never repeats what stands in the file.
 *
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function parseDockerConfig(text: string, file: string): DockerConfig {
  const document = parseJson(text, file);
  const store = document['credsStore'];
  return {
    credentials: byPlace(document['auths'], (entry, key) =>
      isObject(entry) ? parseEntry(entry, `${file}: auths ${quote(key)}`) : undefined,
    ),
    helpers: byPlace(document['credHelpers'], String),
    store: isText(store) ? store : undefined,
  };
}

/** What the fields of an object mean, by the place of their keys; nothing where that is undefined. */
function byPlace<Value>(
  fields: unknown,
  parse: (field: unknown, key: string) => Value | undefined,
): Map<string, Value> {
  const keys = isObject(fields) ? Object.entries(fields) : [];
  const placed = keys.map(([key, field]) => ({ ...placeOfKey(key), value: parse(field, key) }));
  const isEmpty = ({ value }: { readonly value: Value | undefined }) => Number(value === undefined);
  const bestLast = placed.toSorted((a, b) => b.rank - a.rank || isEmpty(b) - isEmpty(a));
  const best = new Map(bestLast.map(({ place, value }) => [place, value]));
  return new Map(Array.from(best).flatMap(([place, value]) => (value === undefined ? [] : [[place, value]])));
}

function parseEntry(entry: JsonObject, where: string): Credential | DockerConfigError | undefined {
  const { auth, username, password, identitytoken, registrytoken } = entry;
  if (isText(identitytoken)) return { kind: 'identity-token', token: identitytoken };
  if (isText(registrytoken)) return { kind: 'registry-token', token: registrytoken };
  if (isText(username) && isText(password)) return { kind: 'basic', username, password };
  if (!isText(auth)) return undefined; // `docker login` leaves an empty entry where a helper has the secret
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon < 1) return new DockerConfigError('malformed', `${where}: auth is not base64 of user:password`);
  return { kind: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function parseJson(text: string, file: string): JsonObject {
  const document = parseJsonObject(text);
  if (document !== undefined) return document;
  throw new DockerConfigError('malformed', `${file}: expected a JSON object, as docker login writes it`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
