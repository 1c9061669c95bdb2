import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isObject, type JsonObject } from '../../../base/json.ts';
import type { LogEntry } from '../../../signature/log-entry.ts';
import { decodeBase64, FormatError, parseStrictJson } from '../../../signature/strict-json.ts';

/** The signer in the body of a log entry: a certificate or a key. Throws a `FormatError`. */
export function readLoggedSigner({ canonicalizedBody, kindVersion }: LogEntry): X509Certificate | KeyObject {
  const bytes = decodeBase64(canonicalizedBody) ?? Buffer.alloc(0);
  const { spec } = parseStrictJson(bytes, 'the body of the log entry');
  const { kind, version } = kindVersion;
  const path = PATHS[`${kind} ${version}`];
  if (path === undefined)
    throw new FormatError(`log entries of the kind "${kind} ${version}" are not supported`);
  const signer = path.reduce(valueAt, spec);
  try {
    return typeof signer === 'string' ? parsePem(signer) : parseVerifier(signer);
  } catch {
    throw new FormatError('the log entry does not name one signer');
  }
}

/** Where the signer stands in the body of each kind of entry. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  'hashedrekord 0.0.1': ['signature', 'publicKey', 'content'],
  'hashedrekord 0.0.2': ['hashedRekordV002', 'signature', 'verifier'],
  'dsse 0.0.1': ['signatures', '', 'verifier'],
  'dsse 0.0.2': ['dsseV002', 'signatures', '', 'verifier'],
  'intoto 0.0.2': ['content', 'envelope', 'signatures', '', 'publicKey'],
};

/** The value of a field; the empty name is that of the only element of a list. */
function valueAt(value: unknown, name: string): unknown {
  if (name !== '') return isObject(value) ? value[name] : undefined;
  return Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : undefined;
}

/** Rekor v1: base64 of PEM. */
function parsePem(text: string): X509Certificate | KeyObject {
  const pem = Buffer.from(text, 'base64').toString();
  return pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem) : createPublicKey(pem);
}

/** Rekor v2: base64 of DER. */
function parseVerifier(verifier: unknown): X509Certificate | KeyObject {
  const { x509Certificate, publicKey } = isObject(verifier) ? verifier : ({} as JsonObject);
  const der = (json: unknown) =>
    decodeBase64(isObject(json) ? json['rawBytes'] : undefined) ?? Buffer.alloc(0);
  if (isObject(x509Certificate)) return new X509Certificate(der(x509Certificate));
  return createPublicKey({ key: Buffer.from(der(publicKey)), format: 'der', type: 'spki' });
}
