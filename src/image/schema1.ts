import { isObject, parseJsonObject } from '../base/json.ts';
import { type Digest, matchesDigest } from './digest.ts';

/**
 * True when a signed schema 1 manifest has this digest. Such a digest is that of the payload without the
 * signatures, which the protected header of each signature tells how to cut out of the signed text.
 *
 * @see https://distribution.github.io/distribution/spec/deprecated-schema-v1/#signed-manifests
 */
export function matchesSchema1Digest(bytes: Uint8Array, digest: Digest): boolean {
  if (matchesDigest(bytes, digest)) return true;
  const payload = signedPayload(bytes);
  return payload !== undefined && matchesDigest(payload, digest);
}

function signedPayload(bytes: Uint8Array): Uint8Array | undefined {
  const signatures = parseJsonObject(bytes)?.['signatures'];
  const signature: unknown = Array.isArray(signatures) ? signatures[0] : undefined;
  const header = isObject(signature) ? signature['protected'] : undefined;
  if (typeof header !== 'string') return undefined;
  const { formatLength, formatTail } = parseJsonObject(Buffer.from(header, 'base64url')) ?? {};
  if (typeof formatLength !== 'number' || typeof formatTail !== 'string') return undefined;
  return Buffer.concat([bytes.subarray(0, formatLength), Buffer.from(formatTail, 'base64url')]);
}
