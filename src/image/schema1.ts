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
  try {
    const document = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      signatures?: { protected?: unknown }[];
    };
    const header = document.signatures?.[0]?.protected;
    if (typeof header !== 'string') return undefined;
    const { formatLength, formatTail } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as {
      formatLength?: unknown;
      formatTail?: unknown;
    };
    if (typeof formatLength !== 'number' || typeof formatTail !== 'string') return undefined;
    return Buffer.concat([bytes.subarray(0, formatLength), Buffer.from(formatTail, 'base64url')]);
  } catch {
    return undefined; // not JSON, so not a signed manifest either
  }
}
