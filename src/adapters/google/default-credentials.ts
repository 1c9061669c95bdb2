import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { GoogleError } from './google-error.ts';
import { parseServiceAccountKey, reasonOf, type ServiceAccountKey } from './key-files.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What a file of application default credentials is, by its `type`. */
export type DefaultCredentials =
  | { readonly kind: 'service-account'; readonly key: ServiceAccountKey }
  | {
      readonly kind: 'user';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly refreshToken: string;
      /** Undefined where that is Google. */
      readonly tokenUri: string | undefined;
    }
  /** Workload identity federation, of a machine or of a person. The library checks what is in it. */
  | { readonly kind: 'external' | 'external-user'; readonly json: JsonObject }
  | {
      readonly kind: 'impersonated';
      readonly account: string;
      readonly delegates: readonly string[];
      readonly source: DefaultCredentials;
    };

export interface CredentialsFile {
  readonly file: string;
  readonly credentials: DefaultCredentials;
  /** The service account that they are, where the file says it. */
  readonly account: string | undefined;
  readonly quotaProject: string | undefined;
  /** What no message may repeat. */
  readonly secrets: readonly string[];
}

/**
 * The file of `GOOGLE_APPLICATION_CREDENTIALS`, else the one that gcloud writes, else undefined. The first must be
 * there. Throws `credentials-file`, and never repeats what stands in it.
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

/** Where `gcloud auth application-default login` writes to. */
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
  const credentials = json === undefined ? 'expected a JSON object' : parseByType(json);
  if (json === undefined || typeof credentials === 'string') {
    const why = typeof credentials === 'string' ? credentials : 'expected a JSON object';
    throw new GoogleError(
      'credentials-file',
      `${quote(file)}: ${why}, as gcloud auth application-default login writes it`,
    );
  }
  return {
    file,
    credentials,
    account: accountIn(credentials),
    quotaProject: env['GOOGLE_CLOUD_QUOTA_PROJECT'] || textOf(json, 'quota_project_id'),
    secrets: secretsIn(json),
  };
}

function accountIn(credentials: DefaultCredentials): string | undefined {
  switch (credentials.kind) {
    case 'service-account':
      return credentials.key.account;
    case 'impersonated':
      return credentials.account;
    case 'external':
      return impersonatedIn(credentials.json);
    case 'external-user':
    case 'user':
      return undefined;
  }
}

/** The credentials in a JSON object, or what is wrong with it. */
function parseByType(json: JsonObject): DefaultCredentials | string {
  switch (json['type']) {
    case 'service_account': {
      const key = parseServiceAccountKey(json);
      return typeof key === 'string' ? key : { kind: 'service-account', key };
    }
    case 'authorized_user':
      return parseUser(json);
    case 'external_account':
      return { kind: 'external', json };
    case 'external_account_authorized_user':
      return { kind: 'external-user', json };
    case 'impersonated_service_account':
      return parseImpersonated(json);
    default:
      return 'expected "type" to be service_account, authorized_user, external_account, external_account_authorized_user or impersonated_service_account';
  }
}

function parseUser(json: JsonObject): DefaultCredentials | string {
  const clientId = textOf(json, 'client_id');
  const clientSecret = textOf(json, 'client_secret');
  const refreshToken = textOf(json, 'refresh_token');
  if (clientId === undefined || clientSecret === undefined || refreshToken === undefined)
    return 'expected "client_id", "client_secret" and "refresh_token" of an authorized_user';
  return { kind: 'user', clientId, clientSecret, refreshToken, tokenUri: textOf(json, 'token_uri') };
}

function parseImpersonated(json: JsonObject): DefaultCredentials | string {
  const account = impersonatedIn(json);
  if (account === undefined)
    return 'expected "service_account_impersonation_url" to name the service account';
  if (!isObject(json['source_credentials'])) return 'expected "source_credentials" to be a JSON object';
  const source = parseByType(json['source_credentials']);
  if (typeof source === 'string') return `source_credentials: ${source}`;
  const listed: readonly unknown[] = Array.isArray(json['delegates']) ? json['delegates'] : [];
  const delegates = listed.filter((delegate) => typeof delegate === 'string');
  return { kind: 'impersonated', account, delegates, source };
}

/** `…/serviceAccounts/ACCOUNT:generateAccessToken` */
function impersonatedIn(json: JsonObject): string | undefined {
  const url = textOf(json, 'service_account_impersonation_url') ?? '';
  return /\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url)?.[1];
}

const SECRET_FIELDS: ReadonlySet<string> = new Set(['private_key', 'refresh_token', 'client_secret']);

/** What must not be repeated of a credentials file, at any depth. */
export function secretsIn(json: JsonObject): readonly string[] {
  return Object.entries(json).flatMap(([field, value]) => {
    if (isObject(value)) return secretsIn(value);
    return typeof value === 'string' && SECRET_FIELDS.has(field) ? [value] : [];
  });
}
