import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';
import { DockerConfigError } from './docker-config-error.ts';

/** What docker's config.json says of credentials. */
export interface DockerConfig {
  /** By host; an entry that is malformed is the error to throw when somebody needs it. */
  readonly credentials: ReadonlyMap<string, Credential | DockerConfigError>;
  /** Names of helper programs, by host. */
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
  const auths = isObject(document['auths']) ? document['auths'] : {};
  const helpers = isObject(document['credHelpers']) ? document['credHelpers'] : {};
  const store = document['credsStore'];
  return {
    credentials: new Map(
      Object.entries(auths).flatMap(([key, entry]) => {
        const credential = isObject(entry) ? parseEntry(entry, `${file}: auths ${quote(key)}`) : undefined;
        return credential === undefined ? [] : [[hostOfKey(key), credential] as const];
      }),
    ),
    helpers: new Map(Object.entries(helpers).map(([key, name]) => [hostOfKey(key), String(name)])),
    store: typeof store === 'string' && store !== '' ? store : undefined,
  };
}

/** Docker Hub's credentials stand under its first address. */
const DOCKER_HUB = 'index.docker.io';

/** The key under which a host's credentials stand. Hosts match whole: `gcr.io` is not `eu.gcr.io`. */
export function configHost(host: string): string {
  return host === 'docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}

function hostOfKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return configHost(bare);
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
