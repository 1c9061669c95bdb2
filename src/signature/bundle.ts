import { isObject, type JsonObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { type Envelope, envelopeJson, readEnvelope, toBase64 } from './dsse.ts';
import { type LogEntry, readLogEntry } from './log-entry.ts';
import { BUNDLE, isBundleType } from './media-types.ts';
import { MAX_BUNDLE } from './stored-signature.ts';
import { decodeBase64, FormatError, parseStrictJson } from './strict-json.ts';

/** A Sigstore bundle with a DSSE envelope. @see https://docs.sigstore.dev/about/bundle/ */
export interface Bundle {
  readonly key: BundleKey;
  readonly logEntries: readonly LogEntry[];
  /** Responses of timestamp authorities (RFC 3161), DER. */
  readonly timestamps: readonly Uint8Array[];
  readonly envelope: Envelope;
}

export type BundleKey =
  /** DER. */
  | { readonly kind: 'certificate'; readonly certificate: Uint8Array }
  /** Base64 of the SHA-256 of the public key (SPKI), by convention. Not signed. */
  | { readonly kind: 'key'; readonly hint: string };

/** Log entries, and timestamps: one of each is usual. */
const MAX_PROOFS = 8;

/**
 * Reads a bundle, v0.1 to v0.3. Throws a `FormatError`, also for one that is too large or has no envelope: the signature
 * of a plain message names no image.
 */
export function parseBundle(bytes: Uint8Array): Bundle {
  if (bytes.length > MAX_BUNDLE) throw new FormatError(`the bundle is larger than ${MAX_BUNDLE} bytes`);
  const json = parseStrictJson(bytes, 'the bundle');
  const { mediaType, verificationMaterial: material, dsseEnvelope, messageSignature } = json;
  if (typeof mediaType !== 'string' || !isBundleType(mediaType)) {
    throw new FormatError(`the bundle has no mediaType ${quote(BUNDLE)}`);
  }
  if (!isObject(material)) throw new FormatError('the bundle has no verificationMaterial');
  if (dsseEnvelope == null || messageSignature != null) {
    throw new FormatError('the bundle does not sign an envelope');
  }
  return {
    key: readKey(material),
    logEntries: listOf(material, 'tlogEntries').map(readLogEntry),
    timestamps: readTimestamps(material['timestampVerificationData']),
    envelope: readEnvelope(dsseEnvelope),
  };
}

/** The JSON of a bundle v0.3. */
export function encodeBundle({ key, logEntries, timestamps, envelope }: Bundle): Uint8Array {
  const keyJson =
    key.kind === 'key'
      ? { publicKey: { hint: key.hint } }
      : { certificate: { rawBytes: toBase64(key.certificate) } };
  const rfc3161Timestamps = timestamps.map((bytes) => ({ signedTimestamp: toBase64(bytes) }));
  const json = {
    mediaType: BUNDLE,
    verificationMaterial: {
      ...keyJson,
      tlogEntries: logEntries,
      ...(timestamps.length > 0 && { timestampVerificationData: { rfc3161Timestamps } }),
    },
    dsseEnvelope: envelopeJson(envelope),
  };
  return Buffer.from(JSON.stringify(json));
}

/** The key that the bundle names: exactly one. The chain of older bundles begins with the signer's certificate. */
function readKey(material: JsonObject): BundleKey {
  const { certificate, x509CertificateChain: chain, publicKey } = material;
  const named = [certificate, chain, publicKey].filter((value) => value != null);
  if (named.length !== 1) throw new FormatError('the bundle does not name exactly one certificate or key');
  if (isObject(publicKey)) {
    const hint = publicKey['hint'] ?? '';
    if (typeof hint !== 'string') throw new FormatError('the key hint of the bundle is not text');
    return { kind: 'key', hint };
  }
  const leaf: unknown = isObject(chain) ? listOf(chain, 'certificates')[0] : certificate;
  const der = decodeBase64(isObject(leaf) ? leaf['rawBytes'] : undefined);
  if (der === undefined) throw new FormatError('the certificate of the bundle is not base64');
  return { kind: 'certificate', certificate: der };
}

function readTimestamps(data: unknown): Uint8Array[] {
  return listOf(isObject(data) ? data : {}, 'rfc3161Timestamps').map((json) => {
    const bytes = decodeBase64(isObject(json) ? json['signedTimestamp'] : undefined);
    if (bytes !== undefined) return bytes;
    throw new FormatError('a timestamp of the bundle is not base64');
  });
}

function listOf(json: JsonObject, field: string): readonly unknown[] {
  const list = json[field] ?? [];
  if (Array.isArray(list) && list.length <= MAX_PROOFS) return list as unknown[];
  throw new FormatError(`${field} of the bundle is not a list of at most ${MAX_PROOFS}`);
}
