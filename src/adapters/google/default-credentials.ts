import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ExternalAccountAuthorizedUserClientOptions,
  ExternalAccountClientOptions,
} from 'google-auth-library';
import { isObject, type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { GoogleError } from './google-error.ts';
import { openKey, parseServiceAccountKey, reasonOf } from './key-files.ts';
import { type Env, type OpenClient, openImpersonation, SCOPE } from './library.ts';

/** The identity that a JSON document describes. */
interface Credentials {
  /** For messages. */
  readonly name: string;
  /** The service account, if the document names one. */
  readonly account: string | undefined;
  /** The remedy for a refusal, if there is one. */
  readonly remedy?: string;
  readonly open: OpenClient;
}

/** A file of application default credentials. */
export interface CredentialsFile extends Credentials {
  readonly quotaProject: string | undefined;
  /** Kept out of every message. */
  readonly secrets: readonly string[];
}

/**
 * The file of `GOOGLE_APPLICATION_CREDENTIALS`, else gcloud's own, else undefined. The first must exist. Throws
 * `credentials-file`, without any content of the file.
 *
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export async function readDefaultCredentials(env: Env): Promise<CredentialsFile | undefined> {
  const named = env['GOOGLE_APPLICATION_CREDENTIALS'] || env['google_application_credentials'];
  const file = named || gcloudsFile(env);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!named && isAbsent(error)) return undefined;
    const by = named ? 'GOOGLE_APPLICATION_CREDENTIALS: ' : '';
    throw new GoogleError('credentials-file', `${by}cannot read ${quote(file)}${reasonOf(error)}`);
  }
  return parseDefaultCredentials(text, file, env);
}

/** The file that `gcloud auth application-default login` writes. */
export function gcloudsFile(env: Env): string | undefined {
  const windows = env['APPDATA'] === undefined ? undefined : join(env['APPDATA'], 'gcloud');
  const home = env['HOME'] ? join(env['HOME'], '.config', 'gcloud') : windows;
  const folder = env['CLOUDSDK_CONFIG'] || home;
  return folder === undefined ? undefined : join(folder, 'application_default_credentials.json');
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function parseDefaultCredentials(text: string, file: string, env: Env): CredentialsFile {
  const json = parseJsonObject(text);
  if (json === undefined) throw malformed(file, 'expected a JSON object');
  const credentials = parseByType(json);
  if (typeof credentials === 'string') throw malformed(file, credentials);
  return {
    ...credentials,
    name: `${credentials.name} of ${file}`,
    quotaProject: env['GOOGLE_CLOUD_QUOTA_PROJECT'] || textOf(json, 'quota_project_id'),
    secrets: secretsIn(json),
  };
}

function malformed(file: string, why: string): GoogleError {
  const message = `${quote(file)}: ${why}, as gcloud auth application-default login writes it`;
  return new GoogleError('credentials-file', message);
}

/** The credentials in a JSON object, or the reason why there are none. */
function parseByType(json: JsonObject): Credentials | string {
  switch (json['type']) {
    case 'service_account': {
      const key = parseServiceAccountKey(json);
      if (typeof key === 'string') return key;
      return { name: `service account ${key.account}`, account: key.account, open: openKey(key) };
    }
    case 'authorized_user':
      return parseUser(json);
    case 'external_account':
    case 'external_account_authorized_user':
      return parseFederation(json);
    case 'impersonated_service_account':
      return parseImpersonated(json);
    default:
      return 'expected "type" to be service_account, authorized_user, external_account, external_account_authorized_user or impersonated_service_account';
  }
}

function parseUser(json: JsonObject): Credentials | string {
  const clientId = textOf(json, 'client_id');
  const clientSecret = textOf(json, 'client_secret');
  const refreshToken = textOf(json, 'refresh_token');
  if (clientId === undefined || clientSecret === undefined || refreshToken === undefined)
    return 'expected "client_id", "client_secret" and "refresh_token" of an authorized_user';
  const tokenUri = textOf(json, 'token_uri');
  const endpoints = tokenUri === undefined ? {} : { oauth2TokenUrl: tokenUri };
  const user = { clientId, clientSecret, refreshToken, endpoints };
  return {
    name: 'the user',
    account: undefined,
    remedy: 'log in again: gcloud auth application-default login',
    open: ({ UserRefreshClient }, options) => new UserRefreshClient({ ...options, ...user }),
  };
}

/** Workload or workforce identity federation. The library checks the fields. */
function parseFederation(json: JsonObject): Credentials {
  const account = json['type'] === 'external_account' ? impersonatedIn(json) : undefined;
  const name = account === undefined ? 'the federated identity' : `service account ${account}`;
  return {
    name,
    account,
    open: ({ ExternalAccountAuthorizedUserClient, ExternalAccountClient }, options) => {
      const all: unknown = { ...json, ...options, scopes: [SCOPE] };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library checks the fields itself
      const client = ExternalAccountClient.fromJSON(all as ExternalAccountClientOptions);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a missing field ends in a refusal
      const user = all as ExternalAccountAuthorizedUserClientOptions;
      return client ?? new ExternalAccountAuthorizedUserClient(user);
    },
  };
}

function parseImpersonated(json: JsonObject): Credentials | string {
  const account = impersonatedIn(json);
  if (account === undefined)
    return 'expected "service_account_impersonation_url" to name the service account';
  if (!isObject(json['source_credentials'])) return 'expected "source_credentials" to be a JSON object';
  const source = parseByType(json['source_credentials']);
  if (typeof source === 'string') return `source_credentials: ${source}`;
  const listed: readonly unknown[] = Array.isArray(json['delegates']) ? json['delegates'] : [];
  const delegates = listed.filter((delegate) => typeof delegate === 'string');
  return {
    name: `service account ${account}`,
    account,
    open: (library, options) => {
      const sourceClient = source.open(library, options);
      return openImpersonation(library, options, { account, delegates, sourceClient });
    },
  };
}

/** `…/serviceAccounts/ACCOUNT:generateAccessToken` */
function impersonatedIn(json: JsonObject): string | undefined {
  const url = textOf(json, 'service_account_impersonation_url') ?? '';
  return /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url)?.[1];
}

const SECRET_FIELDS: ReadonlySet<string> = new Set(['private_key', 'refresh_token', 'client_secret']);

/** The secrets of a credentials file, at any depth. */
function secretsIn(json: JsonObject): readonly string[] {
  return Object.entries(json).flatMap(([field, value]) => {
    if (isObject(value)) return secretsIn(value);
    return typeof value === 'string' && SECRET_FIELDS.has(field) ? [value] : [];
  });
}
