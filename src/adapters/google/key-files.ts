import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { GoogleError } from './google-error.ts';
import { type OpenClient, SCOPE } from './library.ts';

/** The key of a service account. */
export interface ServiceAccountKey {
  readonly account: string;
  /** PEM. */
  readonly privateKey: string;
  /** The endpoint that exchanges it for tokens; undefined for Google's. */
  readonly tokenUri: string | undefined;
}

/** One file of `-key-files`. */
export interface KeyFile extends ServiceAccountKey {
  readonly file: string;
}

/** The keys in these files, in order. Throws `key-file` with a sentence for every other file, without its content. */
export async function readKeyFiles(files: readonly string[]): Promise<readonly KeyFile[]> {
  const keys = await Promise.all(files.map((file) => readKeyFile(file)));
  const wrong = keys.filter((key) => typeof key === 'string');
  if (wrong.length > 0) throw new GoogleError('key-file', wrong.join('; '));
  return keys.filter((key) => typeof key !== 'string');
}

/** The key in a JSON object, or the reason why it is none. */
export function parseServiceAccountKey(json: JsonObject): ServiceAccountKey | string {
  if (json['type'] !== 'service_account') return `expected the key of a service account${HOW_TO_MAKE_ONE}`;
  const account = textOf(json, 'client_email');
  const privateKey = textOf(json, 'private_key');
  if (account === undefined) return 'expected "client_email" in the key of a service account';
  if (privateKey === undefined) return 'expected "private_key" in the key of a service account';
  if (!isPrivateKey(privateKey)) return 'expected "private_key" to be an RSA key in PEM';
  return { account, privateKey, tokenUri: foreignTokenUri(json) };
}

const HOW_TO_MAKE_ONE =
  ' with "type": "service_account", as gcloud iam service-accounts keys create writes it';

/** A client for a key. The library knows Google's token endpoint only, so another one replaces it in the request. */
export function openKey({ account, privateKey, tokenUri }: ServiceAccountKey): OpenClient {
  return ({ JWT }, options) => {
    const client = new JWT({ ...options, email: account, key: privateKey, scopes: [SCOPE] });
    if (tokenUri === undefined) return client;
    client.additionalClaims = { aud: tokenUri };
    client.transporter.interceptors.request.add({
      resolved: (request) => Promise.resolve({ ...request, url: new URL(tokenUri) }),
    });
    return client;
  };
}

async function readKeyFile(file: string): Promise<KeyFile | string> {
  const where = `-key-files: ${quote(file)}`;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return `${where}: cannot be read${reasonOf(error)}`;
  }
  const json = parseJsonObject(text);
  if (json === undefined) return `${where}: expected a JSON object${HOW_TO_MAKE_ONE}`;
  const key = parseServiceAccountKey(json);
  return typeof key === 'string' ? `${where}: ${key}` : { ...key, file };
}

/** `: ENOENT` and the like. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? `: ${String(error.code)}` : '';
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** The first is the library's own, the second its name of 2012, which old keys still have. */
const GOOGLE_TOKEN_URIS: ReadonlySet<string> = new Set([
  'https://oauth2.googleapis.com/token',
  'https://accounts.google.com/o/oauth2/token',
]);

function foreignTokenUri(json: JsonObject): string | undefined {
  const uri = textOf(json, 'token_uri');
  return uri === undefined || GOOGLE_TOKEN_URIS.has(uri) || !URL.canParse(uri) ? undefined : uri;
}
